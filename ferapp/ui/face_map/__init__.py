"""The face map: every face of an evaluation as a point, near those that look alike to the model."""
