"""Telephony: what telephone exchanges and providers say becomes calls."""
