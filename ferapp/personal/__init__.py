"""Examples of the user's own face, and fine-tuning on them."""
