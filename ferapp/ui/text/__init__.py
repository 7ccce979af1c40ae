"""Sentences and numbers for the user."""
