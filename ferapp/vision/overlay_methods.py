"""Methods of the live overlay: attribution methods, and action units. Torch-free."""

from collections.abc import Collection
from dataclasses import dataclass

from trainer.attribution_methods import (
    ANSWERS_ONLY,
    DEFAULT_METHOD,
    METHODS,
    REFUSALS,
    AttributionMethod,
)

ACTION_UNITS, OCCLUSION = "action_units", "occlusion"
TOO_SLOW_LIVE = ("rise",)  # 1,000 passes for each face: for single samples only
_TRAINING_ONLY = {"abs_grad_x_input"}  # a target of PAL; hard to tell from Grad × Input by eye
_RECTIFIED = {"gradcam", "gradcam_pp", "layercam"}  # evidence against the class is left out

# by their names in settings and snapshots, in the order of the menus
OVERLAY_METHODS: dict[str, AttributionMethod] = {
    name: method
    for name, method in METHODS.items()
    if (method.cost == "live" and name not in _TRAINING_ONLY) or name in ANSWERS_ONLY
} | {
    ACTION_UNITS: AttributionMethod(
        ACTION_UNITS,
        "Action units",
        "Where the expression shows on a face, by the Facial Action Coding System.\n"
        "Drawn from the landmarks alone: what a map should look like, not what the model does.",
        "landmarks",
    )
}


@dataclass(frozen=True, slots=True)
class MethodGroup:
    """Methods under a heading of the menu; `why` they stand there, for a tooltip.

    The first group, of the methods whose maps differ, has neither.
    """

    methods: tuple[str, ...]
    heading: str = ""
    why: str = ""


# Behind average pooling and one linear layer the gradient of a class's score is the same at every
# place: the layer's weight of the channel, divided by the number of places.
_BEHIND_POOLING = (
    MethodGroup(
        ("cam", "gradcam"),
        "— Same map as Grad × Input",
        "This network ends in average pooling and one linear layer, so its gradient is the same\n"
        "everywhere: that layer's weights, which CAM uses too. CAM is the same map in another\n"
        "unit; Grad-CAM is the same without what speaks against the expression.",
    ),
    MethodGroup(
        ("gradcam_pp",),
        "— Nearly the same as LayerCAM",
        "This network ends in average pooling and one linear layer. Behind it both keep the\n"
        "features whose weight speaks for the expression; they differ by less than 1 %.",
    ),
)


_SLOW = MethodGroup(
    ANSWERS_ONLY,
    "— Many passes: slow",
    "It asks the model again and again, about 50 times a face, so that the video shows fewer\n"
    "frames. It needs only the model's answers, and so works with every model.",
)
_TOO_SLOW = "1,000 passes for each face: too slow here. Inspect and `fertrain explain` have it."


def fallback_method(served: Collection[str]) -> str:
    """What replaces a method that a model cannot serve; `served` is empty without a model yet."""
    return DEFAULT_METHOD if not served or DEFAULT_METHOD in served else next(iter(served))


def refusal(name: str, served: Collection[str]) -> str:
    """Why a model that serves `served` does not serve the method `name`."""
    if name in TOO_SLOW_LIVE:
        return _TOO_SLOW
    has = {need for each in served if each in METHODS for need in METHODS[each].needs}
    method = OVERLAY_METHODS[name]
    missing = next((need for need in method.needs if need not in has), method.requires)
    return REFUSALS[missing] if missing else method.description


def method_groups(served: Collection[str]) -> tuple[MethodGroup, ...]:
    """OVERLAY_METHODS in the order of the menu for a model that serves `served`.

    First those whose maps differ, then those that give the same map as one of these, as far as the
    structure of the network shows; last those that it cannot serve. None of `served`: no model yet.
    """
    if not served:
        return (MethodGroup(tuple(OVERLAY_METHODS)),)
    has_linear_head = any(
        name in served for name, method in METHODS.items() if method.requires == "linear_head"
    )
    twins = (*(_BEHIND_POOLING if has_linear_head else ()), _SLOW)
    grouped = {name for group in twins for name in group.methods}
    different = tuple(name for name in OVERLAY_METHODS if name in served and name not in grouped)
    never = set(TOO_SLOW_LIVE)  # they stand beside the slow ones, which the model does serve
    missing = tuple(name for name in OVERLAY_METHODS if name not in {*served, *never})
    groups = [MethodGroup(different)]
    for group in twins:
        methods = tuple(name for name in group.methods if name in {*served, *never})
        groups.append(MethodGroup(methods, group.heading, group.why))
    groups.append(MethodGroup(missing, "— Not with this model"))
    return tuple(group for group in groups if group.methods)


def is_one_sided(name: str) -> bool:
    """Whether the maps of this method have no values below 0."""
    return name in _RECTIFIED or OVERLAY_METHODS[name].group in ("attention", "landmarks")
