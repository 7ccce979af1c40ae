"""A run's epochs looked back on: what was learned and forgotten when, and why."""
