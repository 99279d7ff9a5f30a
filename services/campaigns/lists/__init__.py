"""Static lists: people by address, with what a file says of each; they need not be clients."""
