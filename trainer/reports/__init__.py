"""Comparison of runs, reports, and their figures."""
