"""The toolbar and the status bar."""
