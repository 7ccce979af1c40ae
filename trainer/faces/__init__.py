"""Landmarks, the aligner, and heatmaps."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.faces.action_units import au_heatmap, au_valid
    from trainer.faces.heatmaps import landmark_heatmap

__all__ = ["au_heatmap", "au_valid", "landmark_heatmap"]


def __getattr__(name: str) -> Any:
    """The heatmaps import torch, which the window must not load: only on first use."""
    if name in __all__:
        from trainer.faces import action_units, heatmaps

        return getattr(heatmaps if name == "landmark_heatmap" else action_units, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
