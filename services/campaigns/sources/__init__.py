"""Sources: where leads come from, and the touches that show it."""
