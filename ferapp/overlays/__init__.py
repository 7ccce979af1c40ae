"""Results drawn over a picture. QtGui only."""
