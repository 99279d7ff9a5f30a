"""Which cards are of one and the same client: normalising, blocking, comparing, deciding."""
