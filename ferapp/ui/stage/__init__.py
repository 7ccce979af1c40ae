"""What an audience sees: one face, large and steady, and what the model says about it."""
