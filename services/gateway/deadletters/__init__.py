"""Dead letters: what could not be handled, shown to a person."""
