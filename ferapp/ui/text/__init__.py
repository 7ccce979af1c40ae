"""Sentences and numbers for a person."""
