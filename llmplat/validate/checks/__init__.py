"""One check a file: a docstring that says what and why, and `find`."""
