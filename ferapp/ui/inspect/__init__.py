"""The Inspect page: look at the mistakes of a model, and review labels."""
