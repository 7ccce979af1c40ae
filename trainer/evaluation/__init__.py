"""Measuring a model on a data set."""
