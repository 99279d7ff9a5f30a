"""Costs, payments and orders from files: read apart, looked at row by row, taken over in bulk."""
