"""Where faces lie by what a model sees in them: features in two dimensions, and their groups."""
