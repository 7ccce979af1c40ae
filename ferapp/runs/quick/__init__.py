"""From a folder of pictures to a model in about a minute."""
