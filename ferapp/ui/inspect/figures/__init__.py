"""The figures of an evaluation as a whole, and their plots."""
