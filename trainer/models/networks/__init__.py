"""The networks, one family a file; importing `trainer.models` registers them all."""
