"""The data set of a new run: its path, its check, and the pictures behind each number."""
