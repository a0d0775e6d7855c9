"""The runtime inside an agent's container: standard library only, never in the agent's environment."""
