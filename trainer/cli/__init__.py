"""The commands of `fertrain`."""
