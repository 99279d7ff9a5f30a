"""Asterisk's Manager Interface: its bytes, its events, and the calls that they tell of."""
