"""The learning-rate finder beside the form of a new run."""
