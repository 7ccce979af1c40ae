"""Measuring the app: speed, latency, memory over time."""
