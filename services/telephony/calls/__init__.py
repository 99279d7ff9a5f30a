"""What a call is, whatever exchange or provider told of it."""
