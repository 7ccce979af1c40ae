"""The queue of runs on the Train page: its strip, the ways to start, and the notice at the end."""
