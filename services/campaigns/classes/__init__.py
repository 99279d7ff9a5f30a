"""Classes of clients: by what they bring, how evenly, how lately; counted, dated, and corrected by hand."""
