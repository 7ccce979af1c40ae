"""Analysis without a window: a source into a table and a video."""
