"""Requests to a web application."""
