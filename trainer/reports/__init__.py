"""Runs side by side, and the figures that a report shows."""
