"""Recipes as cards that can be searched."""
