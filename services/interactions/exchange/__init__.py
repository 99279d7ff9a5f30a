"""Clients in tables: read from files, and written to files."""
