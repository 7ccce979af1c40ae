"""Methods of the live overlay: attribution methods, and action units. Torch-free."""

from trainer.attribution_methods import METHODS, AttributionMethod

ACTION_UNITS = "action_units"
_TRAINING_ONLY = {"abs_grad_x_input"}  # a target of PAL; hard to tell from Grad × Input by eye

# by their names in settings and snapshots, in the order of the menus
OVERLAY_METHODS: dict[str, AttributionMethod] = {
    name: method
    for name, method in METHODS.items()
    if method.cost == "live" and name not in _TRAINING_ONLY
} | {
    ACTION_UNITS: AttributionMethod(
        ACTION_UNITS,
        "Action units",
        "Where the expression shows on a face, by the Facial Action Coding System.\n"
        "Drawn from the landmarks alone: what a map should look like, not what the model does.",
        "landmarks",
    )
}
