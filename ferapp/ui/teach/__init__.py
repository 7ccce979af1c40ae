"""Teaching a model the user's own face: consent, recording, training, result, deletion."""
