"""Three clicks from a folder of pictures to a model that is live."""
