"""Coding a clip by hand: the lane in the timeline, its bar, and where coders disagree."""
