"""Roles and teams: what somebody may do, and with whose records."""
