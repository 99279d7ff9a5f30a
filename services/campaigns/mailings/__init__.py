"""Mailings: one message to a frozen audience, with a row for each recipient that says what became of it."""
