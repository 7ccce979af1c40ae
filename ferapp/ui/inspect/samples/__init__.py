"""The grid of samples: which are shown, which are selected, and what can be done with them."""
