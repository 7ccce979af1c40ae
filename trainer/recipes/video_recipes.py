"""Clips: the features of a bundled frame model, read in time by a GRU, and its order-blind twin."""

from dataclasses import replace
from typing import Any

from trainer.recipes.recipe import FAST, Recipe

SOURCE = "clips, by this project"
FAST_EPOCHS, FAST_CLIPS = 8, 2000

_OPTIM: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 2e-3,
    "schedule": "one_cycle",
    "weight_decay": 1e-5,
    "batch_size": 32,
    "epochs": 20,
    "ema": 0.99,
}


def _recipe(name: str, title: str, network: str) -> Recipe:
    return Recipe(
        name=f"video/{name}",
        title=f"{title}; frozen features of default, 16 frames a clip (settings: ours)",
        source=SOURCE,
        published="none",
        values={
            "model": {"name": network, "init": "default"},
            "objective": {"label_smoothing": 0.05},
            "optim": dict(_OPTIM),
        },
    )


def _fast(recipe: Recipe) -> Recipe:
    """For a first look: fewer clips and epochs."""
    return replace(
        recipe,
        name=recipe.name + FAST,
        title=f"{recipe.title}; {FAST_CLIPS:,} clips, {FAST_EPOCHS} epochs",
        values={
            **recipe.values,
            "data": {"limit": FAST_CLIPS},
            "optim": {**_OPTIM, "epochs": FAST_EPOCHS},
        },
    )


_WHOLE = (
    _recipe("gru", "GRU over the frames", "clip_gru"),
    _recipe("mean", "Mean of the frames' probabilities, its order-blind twin", "clip_mean"),
)
VIDEO: tuple[Recipe, ...] = (*_WHOLE, *(_fast(recipe) for recipe in _WHOLE))
