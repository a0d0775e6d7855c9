"""HTTP/1.1 between the runner and the parent."""
