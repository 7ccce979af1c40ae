"""The challenge booth: show an expression, see what the model and the room say."""
