"""Forms on pages of ours that take leads: declared as data, shown in a frame, safe against machines and repeats."""
