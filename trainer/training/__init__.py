"""Training runs: the loop, its state, and what a run writes."""
