"""Live: what happens, pushed as it happens."""
