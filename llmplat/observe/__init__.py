"""What runs, what waits, what is wrong."""
