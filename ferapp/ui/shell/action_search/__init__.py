"""The palette: every action of the window by its name."""
