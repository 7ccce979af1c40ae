"""The attribution methods: name, texts for a person, cost, and what a network must have.

Torch-free: menus and forms are made from this table.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from trainer.errors import UsageError

# layer: from the score's gradient at a layer's features; pixels: the same at the input;
# class_map, attention: maps of the network's own; passes: from many forward or backward passes;
# channels: the same, one for each channel of a layer;
# landmarks: of the face alone, without a network (none of METHODS)
Group = Literal["layer", "pixels", "class_map", "attention", "passes", "channels", "landmarks"]
Cost = Literal["live", "on_demand"]  # live: one or two passes, for every frame
Requirement = Literal[
    "gradient",
    "feature_layer",
    "linear_head",
    "no_linear_head",
    "class_map",
    "lanet",
    "rollout",
    "attention_heads",
    "attention_head_1",
    "attention_head_2",
    "attention_head_3",
    "attention_head_4",
    "landmark_attention",
]

DEFAULT_METHOD = "grad_x_input"
ANSWERS_ONLY = ("occlusion", "rise")  # of many passes, without a gradient: every model serves them

# why a network without the requirement cannot serve the method
REFUSALS: dict[Requirement, str] = {
    "gradient": "It needs the gradient of the score, which this model does not give: an ONNX file "
    "has none. Occlusion and RISE need only its answers.",
    "feature_layer": "It needs the features of a layer that keeps places apart, and this model "
    "shows none.",
    "linear_head": "CAM needs the layer before average pooling and one linear layer, "
    "which this network does not have.",
    "no_linear_head": "Before average pooling and one linear layer the gradient is the same "
    "everywhere. The gradient at the pixels is not.",
    "class_map": "This network draws no maps of its classes itself.",
    "lanet": "This network has no local attention (LANet).",
    "rollout": "This network has no attention to roll out: it is no transformer.",
    "attention_heads": "This network has no attention heads, as DAN has.",
    "attention_head_1": "This network has no attention heads, as DAN has.",
    "attention_head_2": "This network has no second attention head.",
    "attention_head_3": "This network has no third attention head.",
    "attention_head_4": "This network has no fourth attention head.",
    "landmark_attention": "This network has no landmark branch that attends to the picture.",
}


@dataclass(frozen=True, slots=True)
class AttributionMethod:
    """`unit` is that of a map's values, "" where the values have no meaning of their own.

    `requires` is what a network must have, None where every network serves the method.
    """

    name: str
    title: str
    description: str
    group: Group
    cost: Cost = "live"
    requires: Requirement | None = None
    unit: str = ""

    @property
    def depends_on_class(self) -> bool:
        """Whether the map is that of one expression; attention is the same for all of them."""
        return self.group != "attention" and self.name != "attention"

    @property
    def refusal(self) -> str:
        """Why a network without `requires` cannot serve the method; "" without one."""
        return REFUSALS[self.requires] if self.requires else ""

    @property
    def needs(self) -> tuple[Requirement, ...]:
        """All that a network must have: `requires`, and what the method's group is made of."""
        needs: list[Requirement] = []
        if self.group in ("layer", "pixels") and self.name != "attention":
            needs.append("gradient")
        if self.group == "passes" and self.name not in ANSWERS_ONLY:
            needs.append("gradient")
        if self.group in ("layer", "channels"):
            needs.append("feature_layer")
        return (*needs, self.requires) if self.requires else tuple(needs)


# in the order that menus and reports show
METHODS: dict[str, AttributionMethod] = {
    method.name: method
    for method in (
        AttributionMethod(
            "grad_x_input",
            "Grad × Input",
            "What each place adds to the expression's score, and what it takes from it.",
            "layer",
            unit="logits",
        ),
        AttributionMethod(
            "abs_grad_x_input",
            "|Grad| × Input",
            "Features weighted by the size of their gradient, whatever its sign.",
            "layer",
        ),
        AttributionMethod(
            "gradcam",
            "Grad-CAM",
            "Features weighted by their mean gradient; only what speaks for the expression.",
            "layer",
        ),
        AttributionMethod(
            "gradcam_pp",
            "Grad-CAM++",
            "Grad-CAM with weights that handle several separate regions.",
            "layer",
        ),
        AttributionMethod(
            "layercam",
            "LayerCAM",
            "Features weighted, place by place, by the gradients that speak for the expression.",
            "layer",
        ),
        AttributionMethod(
            "cam",
            "CAM",
            "Features weighted by the last layer's weights for the expression.",
            "layer",
            requires="linear_head",
        ),
        AttributionMethod(
            "class_map",
            "Class map (built in)",
            "The map that this network draws of the expression itself.",
            "class_map",
            requires="class_map",
        ),
        AttributionMethod(
            "attention",
            "Attention",
            "The mean of the features, whatever the expression: where the network is active.",
            "layer",
        ),
        AttributionMethod(
            "lanet",
            "Local attention",
            "The largest of the local attention maps, whatever the expression.",
            "attention",
            requires="lanet",
        ),
        AttributionMethod(
            "rollout",
            "Attention rollout",
            "Attention followed through all blocks of the transformer, whatever the expression.",
            "attention",
            requires="rollout",
        ),
        AttributionMethod(
            "attention_heads",
            "Attention heads",
            "Where all attention heads together look, whatever the expression.",
            "attention",
            requires="attention_heads",
        ),
        AttributionMethod(
            "attention_head_1",
            "Attention head 1",
            "Where the first attention head looks, whatever the expression.",
            "attention",
            requires="attention_head_1",
        ),
        AttributionMethod(
            "attention_head_2",
            "Attention head 2",
            "Where the second attention head looks, whatever the expression.",
            "attention",
            requires="attention_head_2",
        ),
        AttributionMethod(
            "attention_head_3",
            "Attention head 3",
            "Where the third attention head looks, whatever the expression.",
            "attention",
            requires="attention_head_3",
        ),
        AttributionMethod(
            "attention_head_4",
            "Attention head 4",
            "Where the fourth attention head looks, whatever the expression.",
            "attention",
            requires="attention_head_4",
        ),
        AttributionMethod(
            "landmark_attention",
            "Landmark attention",
            "Where the network's own landmark features look, whatever the expression.",
            "attention",
            requires="landmark_attention",
        ),
        AttributionMethod(
            "grad",
            "Gradient",
            "Gradient alone: how the score changes with each feature.",
            "layer",
            requires="no_linear_head",
        ),
        AttributionMethod(
            "pixels_grad_x_input",
            "Grad × Input, pixels",
            "The same down to the pixels: finer, noisier and slower.",
            "pixels",
            unit="logits",
        ),
        AttributionMethod(
            "pixels_grad",
            "Gradient, pixels",
            "Which pixels would change the score most if they changed.",
            "pixels",
        ),
        AttributionMethod(
            "integrated_gradients",
            "Integrated gradients",
            "Gradients summed on the way from a grey picture to this one, times the pixels.",
            "passes",
            "on_demand",
            unit="logits",
        ),
        AttributionMethod(
            "smoothgrad",
            "SmoothGrad",
            "The mean gradient of noisy copies of the picture.",
            "passes",
            "on_demand",
        ),
        AttributionMethod(
            "occlusion",
            "Occlusion",
            "How much the score falls when a patch of the picture is covered.",
            "passes",
            "on_demand",
            unit="logits",
        ),
        AttributionMethod(
            "rise",
            "RISE",
            "How much more probable the expression is when a place is shown, over 1,000 random "
            "masks.",
            "passes",
            "on_demand",
            unit="of probability",
        ),
        AttributionMethod(
            "scorecam",
            "Score-CAM",
            "Features weighted by the score that each gives when only what it marks is shown.",
            "channels",
            "on_demand",
        ),
    )
}

if TYPE_CHECKING:
    LiveMethod = str
    AnyMethod = str
else:  # the choices of configurations and forms
    LiveMethod = Literal[tuple(method.name for method in METHODS.values() if method.cost == "live")]
    AnyMethod = Literal[tuple(METHODS)]


def find_method(name: str) -> AttributionMethod:
    """The method called `name`. Raises UsageError, with the closest names, if there is none."""
    if name in METHODS:
        return METHODS[name]
    close = " or ".join(get_close_matches(name, METHODS, cutoff=0.6))
    hint = f"Did you mean {close}? " if close else ""
    raise UsageError(
        f"there is no attribution method {name!r}", f"{hint}Known: {', '.join(METHODS)}."
    )
