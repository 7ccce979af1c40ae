"""A brush that hides parts of the face from the model, and the search for the smallest patch."""
