"""Scripts of calls: questions, answers and where they lead, kept one by one, gone on with at the next attempt."""
