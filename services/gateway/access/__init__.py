"""Access: sessions, personal API tokens, login throttling."""
