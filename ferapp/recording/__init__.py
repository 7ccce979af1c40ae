"""Recording what is analysed, and playing it back."""
