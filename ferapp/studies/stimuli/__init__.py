"""Pictures and videos shown while a face is recorded: the list, what was shown, and its means."""
