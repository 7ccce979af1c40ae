"""Controls for recording and playback."""
