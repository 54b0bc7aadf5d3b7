"""The only owner of Rich."""
