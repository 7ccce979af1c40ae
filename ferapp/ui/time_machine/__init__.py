"""The view “Epochs” of the Inspect page: a run's validations, one after the other."""
