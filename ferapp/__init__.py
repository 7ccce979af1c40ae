"""Desktop workbench for facial expression recognition."""
