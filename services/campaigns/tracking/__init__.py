"""Tracking: who opened and clicked, and which of it machines did."""
