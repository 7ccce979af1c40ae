"""The Inspect page: mistakes, looked in the eye."""
