"""Teaching the model one's own face: consent, examples, training, and what it was worth."""
