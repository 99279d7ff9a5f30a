"""Sequences: messages one after another with waits between them, until somebody answers, buys, or says no."""
