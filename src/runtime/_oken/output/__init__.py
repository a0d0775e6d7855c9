"""What the agent prints and logs, on its way to the parent."""
