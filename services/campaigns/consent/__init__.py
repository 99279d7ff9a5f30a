"""Consent: who may be written to about what, as he said it, in a chain that shows what is done to it."""
