"""Calls that a call list begins: the customer is rung first, and whoever answers is put through to a free agent."""
