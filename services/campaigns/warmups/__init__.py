"""Warm-ups: how many messages of mailings may leave on each day from an account that is new to the world."""
