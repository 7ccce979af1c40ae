"""Live output in the window: its dialog, and the line that says that something is being sent."""
