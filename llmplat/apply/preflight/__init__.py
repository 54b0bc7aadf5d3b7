"""What may be in the way on a live cluster: one file a concern."""
