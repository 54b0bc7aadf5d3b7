"""The file formats and how they are read."""
