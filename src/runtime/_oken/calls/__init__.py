"""Requests to a handler or an agent class."""
