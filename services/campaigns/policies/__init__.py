"""Which channels need to know where a new client comes from, and who asks where nothing shows it."""
