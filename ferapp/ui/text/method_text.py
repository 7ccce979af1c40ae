"""What the maps are called, and what they say, for a person."""

from dataclasses import dataclass

from ferapp.vision.overlay_methods import ACTION_UNITS


@dataclass(frozen=True, slots=True)
class MethodWords:
    """`unit` is that of a map's values; "" where they have none that says something."""

    title: str
    tip: str
    unit: str = ""


METHODS: dict[str, MethodWords] = {
    "grad_x_input": MethodWords(
        "Grad × Input",
        "What each place adds to the expression's score, and what it takes from it.",
        "logits",
    ),
    "gradcam": MethodWords(
        "Grad-CAM", "Features weighed by their mean gradient; only what speaks for the expression."
    ),
    "gradcam_pp": MethodWords(
        "Grad-CAM++", "Grad-CAM with weights that give each of several places its due."
    ),
    "layercam": MethodWords(
        "LayerCAM",
        "Features weighed place by place by the gradients that speak for the expression.",
    ),
    "cam": MethodWords("CAM", "Features weighed by the last layer's weights for the expression."),
    "class_map": MethodWords(
        "Own map", "The map that this network draws of the expression itself."
    ),
    "attention": MethodWords(
        "Attention", "The mean of the features, whatever the expression: where the network is busy."
    ),
    "grad": MethodWords("Gradient", "The slope of the score at the features, times nothing."),
    "pixels_grad_x_input": MethodWords(
        "Grad × Input, pixels", "The same down to the pixels: finer, noisier and slower.", "logits"
    ),
    "pixels_grad": MethodWords(
        "Gradient, pixels", "Which pixels would change the score most if they changed."
    ),
    ACTION_UNITS: MethodWords(
        "Action units",
        "Where the expression shows on a face, by the Facial Action Coding System.\n"
        "Drawn from the landmarks alone: what a map should look like, not what the model does.",
    ),
}
