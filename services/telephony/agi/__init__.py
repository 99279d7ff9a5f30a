"""The same flow on an Asterisk: its gateway interface (AGI), by TCP."""
