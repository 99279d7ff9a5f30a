"""Plans of marketing campaigns: what one shall cost and bring, who does it, and what came of it."""
