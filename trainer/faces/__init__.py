"""Landmarks, THE aligner, heatmaps."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.faces.heatmaps import landmark_heatmap

__all__ = ["landmark_heatmap"]


def __getattr__(name: str) -> Any:
    """Heatmaps bring torch, which the window's own imports must not: on first use only."""
    if name in __all__:
        from trainer.faces import heatmaps

        return getattr(heatmaps, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
