"""Jobs: what takes longer than a request. How one is written: docs/jobs.md."""
