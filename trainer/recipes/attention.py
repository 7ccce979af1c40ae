"""Attention systems since the reports, each with its twin: same trunk and settings, no attention.

The titles say where the settings depart from the sources.
"""

from typing import Any

from trainer.recipes import pipelines
from trainer.recipes.recipe import Recipe, Values, fast_form

DAN_PAPER = "Wen et al., Biomimetics 2023, arXiv 2109.07270"
POSTER_PAPER = "Zheng et al., ICCVW 2023, arXiv 2204.04083"

_PLAIN: dict[str, Any] = {**pipelines.small()["augment"], "crop": "centre"}  # a flip alone

_DAN_PIPELINE: Values = {
    "data": {"crop_size": 224, "input_size": 224, "normalisation": "fixed"},
    # the authors rotate by up to 20° and shift by up to 32 px one picture in five: the same
    # standard deviations over all pictures
    "augment": {**_PLAIN, "rotation": 9.0, "shift": 0.064, "erase": 0.5},
}
_DAN_OPTIM: dict[str, Any] = {
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "schedule": "step",
    "step_epochs": 10,
    "step_factor": 0.1,
    "weight_decay": 1e-4,
    "nesterov": False,
    "decay_norms": True,
    "batch_size": 256,
    "epochs": 40,
    "ema": 0.0,
    "clip": 0.0,
}
_DAN_LOSSES = {"affinity": {"weight": 1.0}, "partition": {"weight": 1.0}}
# the learning rate per sample stays the same; three falls as in the whole recipe
_DAN_FAST = {"batch_size": 64, "learning_rate": 0.025, "step_epochs": 3}

_POSTER_PIPELINE: Values = {
    "data": {"crop_size": 64, "input_size": 64, "normalisation": "fixed"},
    # their Gaussian noise has σ = 0.02 in one picture of four
    "augment": {**_PLAIN, "noise": 0.01, "erase": 0.5},
}
_POSTER_OPTIM: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "schedule": "step",
    "step_epochs": 1,
    "step_factor": 0.98,
    "weight_decay": 0.0,
    "batch_size": 200,
    "epochs": 300,
    "ema": 0.0,
    "clip": 0.0,
}
# 2 · cross-entropy smoothed by 0.2 + cross-entropy: a third of their sum
_POSTER_SMOOTHING = 0.2 * 2 / 3
# falls as far in ten epochs as the whole recipe in 300
_POSTER_FAST = {"batch_size": 64, "step_factor": 0.98**30}

WIDTHS = [48, 96, 192]


def _recipe(
    name: str,
    title: str,
    source: str,
    published: str,
    pipeline: Values,
    model: dict[str, Any],
    objective: dict[str, Any],
    optim: dict[str, Any],
) -> Recipe:
    values = {**pipeline, "model": model, "objective": objective, "optim": optim}
    values = {section: dict(fields) for section, fields in values.items()}
    return Recipe(f"attention/{name}", title, source, published, values)


def _dan(name: str, title: str, published: str, heads: int, losses: dict[str, Any]) -> Recipe:
    return _recipe(
        name,
        f"{title}, random initial weights (source: MS-Celeb)",
        DAN_PAPER,
        published,
        _DAN_PIPELINE,
        {"name": "dan", "options": {"heads": heads}},
        {"label_smoothing": 0.0, **losses},
        _DAN_OPTIM,
    )


def _poster(name: str, title: str, model: str, losses: dict[str, Any]) -> Recipe:
    return _recipe(
        name,
        f"{title}, 64 px (source: 224), Adam 1e-3 (source: SAM, 4e-5)",
        POSTER_PAPER,
        "none for this network (POSTER on RAF-DB: 92.05)",
        _POSTER_PIPELINE,
        {"name": model, "options": {"widths": WIDTHS}},
        {"label_smoothing": round(_POSTER_SMOOTHING, 3), **losses},
        _POSTER_OPTIM,
    )


ATTENTION: tuple[Recipe, ...] = (
    _dan("dan", "DAN, four heads", "RAF-DB: 89.70", 4, _DAN_LOSSES),
    _dan("dan-softmax", "DAN's twin, its trunk with cross-entropy", "none verified", 0, {}),
    _poster(
        "poster-lite",
        "Landmark cross-attention",
        "poster_lite",
        {"landmarks": {"weight": 1.0}},
    ),
    _poster("poster-lite-softmax", "Its twin, the trunk with cross-entropy", "compact", {}),
)


def _fast(recipe: Recipe) -> Recipe:
    """DAN with its small trunk, whose maps are fine enough at this size."""
    small = fast_form(recipe)
    model = small.values["model"]
    if model["name"] == "dan":
        small.values["model"] = {**model, "options": {**model["options"], "size": "small"}}
        small.values["optim"].update(_DAN_FAST)
    else:
        small.values["optim"].update(_POSTER_FAST)
    return small


ATTENTION_FAST: tuple[Recipe, ...] = tuple(_fast(recipe) for recipe in ATTENTION)
