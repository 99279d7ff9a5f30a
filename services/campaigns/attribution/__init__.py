"""Attribution: what sources cost and what comes of them, by several models, to the last kopeck."""
