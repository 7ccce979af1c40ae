"""Landmarks as privileged information: a network's own landmark maps learn those of the faces."""

import torch
from torch import Tensor

from trainer.config.loss_settings import LandmarksConfig
from trainer.errors import UsageError
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss
from trainer.models.networks.poster_lite import PosterLite

TINY = 1e-12  # beside a target's sum


def in_cells(landmarks: Tensor, side: int, cells: int) -> Tensor:
    """Points in px of a picture of `side` px → in cells of a map of `cells` a side.

    The centres of the first pixel and of the first cell are 0.
    """
    return (landmarks + 0.5) * (cells / side) - 0.5


def landmark_targets(points: Tensor, cells: int, sigma: float) -> Tensor:
    """Gaussians around points (B, P, 2), in cells, each of sum one: (B, P, cells, cells)."""
    cell = torch.arange(cells, device=points.device, dtype=points.dtype)
    columns, rows = (
        torch.exp(-((cell - points[..., axis, None]) ** 2) / (2 * sigma**2)) for axis in (0, 1)
    )
    maps = rows[..., :, None] * columns[..., None, :]
    return maps / maps.sum(dim=(2, 3), keepdim=True).clamp_min(TINY)


def landmark_map_loss(scores: Tensor, landmarks: Tensor, side: int, sigma: float) -> Tensor:
    """Mean over the landmarks of −Σ t log softmax(s) over the places of their maps.

    `scores` s (B, P, h, h), `landmarks` (B, P, 2) in px of inputs of `side` px; the target t is a
    Gaussian of `sigma`, a share of the side. Landmarks outside the picture, and NaN, stay out;
    0 without any.
    """
    cells = scores.shape[-1]
    points = in_cells(landmarks.nan_to_num(nan=-side), side, cells)
    seen = ((points > -0.5) & (points < cells - 0.5)).all(dim=2)
    targets = landmark_targets(points, cells, sigma * cells)
    logs = scores.flatten(2).log_softmax(dim=2)
    values = -(targets.flatten(2) * logs).sum(dim=2)
    return torch.where(seen, values, 0.0).sum() / seen.sum().clamp_min(1)


def expected_points(scores: Tensor) -> Tensor:
    """(B, P, 2) in cells (x, y): the mean place of each map (B, P, h, w) after softmax."""
    shares = scores.flatten(2).softmax(dim=2).reshape(scores.shape)
    columns, rows = shares.sum(dim=2), shares.sum(dim=3)
    x = (columns * torch.arange(columns.shape[2], device=scores.device)).sum(dim=2)
    y = (rows * torch.arange(rows.shape[2], device=scores.device)).sum(dim=2)
    return torch.stack([x, y], dim=2)


@register_loss("landmarks")
class LandmarkLoss(Loss):
    """Cross-entropy of the network's landmark maps with the landmarks of the training faces.

    Logs `landmark_error`, the mean distance of the maps' mean places from the landmarks as a share
    of the side. Raises UsageError for a network without landmark maps.
    """

    Config = LandmarksConfig
    config: LandmarksConfig

    def __init__(self, config: LandmarksConfig, context: LossContext) -> None:
        super().__init__(config, context)
        if not isinstance(context.model, PosterLite):
            raise UsageError(
                "objective.landmarks: this network draws no landmark maps",
                "Set objective.landmarks.weight=0, or model.name=poster_lite.",
            )
        self.layers = (PosterLite.landmark_layer,)

    def __call__(self, step: Step) -> Tensor:
        scores, side = step.outputs[PosterLite.landmark_layer], step.inputs.shape[-1]
        with full_precision(scores):
            scores = scores.float()
            step.log["landmark_error"] = _error(scores.detach(), step.landmarks, side)
            return landmark_map_loss(scores, step.landmarks, side, self.config.sigma)


def _error(scores: Tensor, landmarks: Tensor, side: int) -> Tensor:
    """Mean distance as a share of the side; 0 where no sample has landmarks."""
    cells = scores.shape[-1]
    away = expected_points(scores) - in_cells(landmarks, side, cells)
    return (away.square().sum(dim=2).sqrt() / cells).nanmean().nan_to_num()
