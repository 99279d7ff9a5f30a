"""Letters of mailings by post, in batches: printed, posted, and come back."""
