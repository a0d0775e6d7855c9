"""The agent's own code: found, imported, and told of its requests and its errors."""
