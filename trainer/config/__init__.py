"""The one configuration of a training run: file format, command line and form."""
