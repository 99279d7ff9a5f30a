"""Call lists: people to be phoned, in an order and at times that rules decide, each number by one at a time."""
