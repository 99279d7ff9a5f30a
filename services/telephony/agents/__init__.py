"""Agents: which employees are there for calls, since when, and why not."""
