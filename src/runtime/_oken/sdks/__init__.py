"""Agents of the well-known SDKs, served as they stand: one file an SDK."""
