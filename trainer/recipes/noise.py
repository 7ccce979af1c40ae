"""Systems for wrong labels (table `noise`) and for rare classes (table `prior`), with their twins.

All have one network, pipeline and schedule, those of EAC and RUL, so that they differ in their
objective alone. The papers' measurements with wrong labels are on RAF-DB; `data.flipped_labels`
makes them here.
"""

from dataclasses import replace
from typing import Any

from trainer.recipes.recipe import FAST, Recipe, Values
from trainer.recipes.shipped import COMPACT, LIGHT

EAC = "Zhang et al., ECCV 2022"
SCN = "Wang et al., CVPR 2020"
RUL = "Zhang et al., NeurIPS 2021"
MENON = "Menon et al., ICLR 2021"
REN = "Ren et al., NeurIPS 2020"

# what EAC's code does to RAF-DB; its boxes have 2 to 25 % of the area, `erase` has 1 to 16 %
_PIPELINE: Values = {
    "data": {"crop_size": 224, "input_size": 224, "normalisation": "fixed"},
    "augment": {
        **dict.fromkeys(("rotation", "scale", "stretch", "shift", "gamma", "blur", "mixup"), 0.0),
        "flip": 0.5,
        "noise": 0.02,
        "erase": 0.5,
    },
}
_OPTIM = {
    "optimizer": "adam",
    "learning_rate": 2e-4,
    "schedule": "step",
    "step_epochs": 1,
    "step_factor": 0.9,
    "weight_decay": 1e-4,
    "batch_size": 64,
    "epochs": 60,
    "ema": 0.0,
    "clip": 0.0,
}
START = "ResNet18 from ImageNet (papers: MS-Celeb), Adam 2e-4"


def _recipe(name: str, title: str, source: str, published: str, losses: dict[str, Any]) -> Recipe:
    return Recipe(
        name,
        f"{title}; {START}",
        source,
        published,
        {
            **_PIPELINE,
            "model": {"name": "resnet18", "init": "imagenet"},
            "objective": {"label_smoothing": 0.0, **losses},
            "optim": dict(_OPTIM),
        },
    )


def _fast(recipe: Recipe) -> Recipe:
    """The compact network on 8,000 unaligned pictures of 48 px for three epochs, for one CPU."""
    objective = dict(recipe.values["objective"])
    relabels = ""
    if "scn" in objective:
        # new labels need a later epoch that uses them
        objective["scn"] = {**objective["scn"], "relabel_from": 2}
        relabels = ", relabelling from epoch 2"
    title = recipe.title.removesuffix(START)
    return replace(
        recipe,
        name=recipe.name + FAST,
        title=f"{title}compact network, 8,000 pictures of 48 px, 3 epochs{relabels}",
        published="none at this size",
        values={
            "data": {"limit": 8000, "landmarks": False},
            "model": COMPACT,
            "augment": {**LIGHT, "erase": 0.5},
            "objective": objective,
            # small batches and Adam, because 750 steps must do
            "optim": {
                "optimizer": "adam",
                "learning_rate": 2e-3,
                "batch_size": 32,
                "epochs": 3,
            },
        },
    )


_NOISE = (
    _recipe("noise/softmax", "Cross-entropy alone, the twin of the others", RUL, "none stated", {}),
    _recipe(
        "noise/eac",
        "Erasing attention consistency, λ 5 (code: no flip of the first view)",
        EAC,
        "RAF-DB: 89.99",
        {"eac": {"weight": 5.0}},
    ),
    _recipe(
        "noise/scn",
        "Self-Cure Network, margins 0.07 and 0.2 (code: Adam 1e-3, 70 epochs)",
        SCN,
        "RAF-DB: 87.03",
        {"scn": {"weight": 1.0, "margin": 0.07}},
    ),
    _recipe(
        "noise/rul",
        "Relative Uncertainty Learning on the embedding (code: on the last map, its head at 2e-3)",
        RUL,
        "RAF-DB: 88.98",
        {"rul": {"weight": 1.0}},
    ),
)
_PRIOR = (
    _recipe(
        "prior/softmax", "Cross-entropy alone, the twin of the others", MENON, "none for faces", {}
    ),
    _recipe(
        "prior/balanced-softmax",
        "Balanced softmax, which is logit adjustment with τ 1",
        REN,
        "none for faces",
        {"logit_adjusted": {"weight": 1.0, "tau": 1.0}},
    ),
    _recipe(
        "prior/logit-adjusted",
        "Logit adjustment with τ 0.5, half of balanced softmax's correction (paper: 1, or tuned)",
        MENON,
        "none for faces",
        {"logit_adjusted": {"weight": 1.0, "tau": 0.5}},
    ),
)

NOISE: tuple[Recipe, ...] = (*_NOISE, *_PRIOR)
NOISE_FAST: tuple[Recipe, ...] = tuple(_fast(recipe) for recipe in NOISE)
