"""Checks of a data set before a training, and the rows that could not be read."""
