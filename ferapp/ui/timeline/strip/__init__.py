"""The strip under the picture: how it is laid out, painted, read and exported."""
