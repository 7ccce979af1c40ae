"""The panel beside the picture: everything about the selected face."""
