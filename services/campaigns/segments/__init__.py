"""Segments: which clients somebody means, as conditions over what is known of them and what they did."""
