"""The maps that can lie over a face, by their names in settings and snapshots. No torch."""

DEFAULT = "grad_x_input"
ACTION_UNITS = "action_units"  # where the expression shows on a face: of the landmarks, not a model
# name → attribution method, and the layer (None is the model's own, "input" its pixels)
ATTRIBUTIONS: dict[str, tuple[str, str | None]] = {
    "grad_x_input": ("grad_x_input", None),
    "gradcam": ("gradcam", None),
    "gradcam_pp": ("gradcam_pp", None),
    "layercam": ("layercam", None),
    "cam": ("cam", None),
    "class_map": ("class_map", None),
    "attention": ("attention", None),
    "grad": ("grad", None),
    "pixels_grad_x_input": ("grad_x_input", "input"),
    "pixels_grad": ("grad", "input"),
}
METHODS: tuple[str, ...] = (*ATTRIBUTIONS, ACTION_UNITS)
