"""Cosine similarity of maps with the action units of the true class, beside constant maps.

Belharbi et al., FG 2024: CAM-COS of the true class's attribution, ATT-COS of the layer's attention.
The paper clamps the CAM to [0, 1], so that evidence against the class counts nothing; the authors'
code scales each CAM from its minimum to its maximum before. Both are measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution.core import attribute
from trainer.attribution_methods import DEFAULT_METHOD
from trainer.faces.action_units import au_heatmap, au_valid, expressions_of
from trainer.models.registry import FerModel

GAUSSIAN_SIGMA = 0.25  # of the centred blob, as a share of the side
KINDS = ("cam_cos", "cam_cos_min_max", "att_cos", "uniform", "gaussian", "mean_au")
KIND_TITLES = {
    "cam_cos": "CAM-COS (negative evidence is 0)",
    "cam_cos_min_max": "CAM-COS (min–max, the authors' code)",
    "att_cos": "ATT-COS",
    "mean_au": "mean AU map",
    "gaussian": "centred Gaussian",
    "uniform": "uniform map",
}


@dataclass(slots=True)
class AuCosines:
    """Collects batches; `result` has the mean of each class and the mean of those.

    `cam_cos` and `att_cos` are those of the maps' positive part, `cam_cos_min_max` that of the map
    less its minimum (the division by its maximum changes no cosine). The floors are the scores of
    maps that ignore the picture: uniform, a blob in the middle, and the mean of the action unit
    maps themselves (every class with the same weight).
    """

    classes: Sequence[str]
    method: str = DEFAULT_METHOD  # of the CAM
    _cosines: list[Tensor] = field(default_factory=list)  # (5, B), all KINDS but the last
    _landmarks: list[Tensor] = field(default_factory=list)  # (B, 68, 2)
    _labels: list[Tensor] = field(default_factory=list)  # (B,)
    _sums: dict[int, Tensor] = field(
        default_factory=dict
    )  # class → (S, S), of its action unit maps

    def add(self, model: FerModel, x: Tensor, landmarks: Tensor, labels: Tensor) -> None:
        """Inputs (B, C, S, S), landmarks (B, 68, 2) in px of the inputs or NaN, labels (B,)."""
        expressions = expressions_of(self.classes).to(labels.device)[labels]
        valid = torch.isfinite(landmarks).all(dim=2).all(dim=1) & au_valid(expressions)
        if not valid.any():
            return
        x, landmarks, labels = x[valid], landmarks[valid], labels[valid]
        heat = au_heatmap(landmarks, x.shape[-1], expressions[valid])
        cam = attribute(model, x, self.method, labels).float()
        attention = torch.full_like(cam, torch.nan)  # where there are no features to average
        if model.has_feature_layer:
            attention = attribute(model, x, "attention", labels).float()
        of_model = (cam.clamp_min(0), cam - cam.amin((1, 2), keepdim=True), attention.clamp_min(0))
        constants = (constant.to(heat) for constant in _constant_maps(x.shape[-1]))
        cosines = [_cosine(maps, heat) for maps in (*of_model, *constants)]
        self._cosines.append(torch.stack(cosines).cpu())
        self._landmarks.append(landmarks)
        self._labels.append(labels.cpu())
        for k in set(labels.tolist()):
            self._sums[k] = self._sums.get(k, 0) + heat[labels == k].sum(0)

    def result(self) -> dict[str, dict[str, float | list[float | None]]]:
        """Kind → `mean` and `per_class`, None for classes without action units or samples.

        Empty if no sample has action units; without `att_cos` for a model without features.
        """
        if not self._labels:
            return {}
        labels = torch.cat(self._labels)
        means = [self._sums[k] / (labels == k).sum() for k in sorted(self._sums)]
        mean = torch.stack(means).mean(0)
        expressions = expressions_of(self.classes)
        # drawn again: the maps of a large split would fill the memory
        mean_au = [
            _cosine(mean, au_heatmap(landmarks, len(mean), expressions[batch_labels]))
            for landmarks, batch_labels in zip(self._landmarks, self._labels, strict=True)
        ]
        cosines = [*torch.cat(self._cosines, dim=1), torch.cat(mean_au).cpu()]
        return {
            kind: self._summary(values, labels)
            for kind, values in zip(KINDS, cosines, strict=True)
            if not values.isnan().any()
        }

    def _summary(self, values: Tensor, labels: Tensor) -> dict[str, float | list[float | None]]:
        per_class = [
            float(values[labels == k].mean()) if (labels == k).any() else None
            for k in range(len(self.classes))
        ]
        present = [value for value in per_class if value is not None]
        return {"mean": sum(present) / len(present), "per_class": [*per_class]}


def _constant_maps(side: int) -> tuple[Tensor, Tensor]:
    """(side, side): uniform, and the blob in the middle."""
    offset = (torch.arange(side) - (side - 1) / 2) / (GAUSSIAN_SIGMA * side)
    return torch.ones(side, side), torch.exp(-(offset[:, None] ** 2 + offset[None] ** 2) / 2)


def _cosine(maps: Tensor, heat: Tensor) -> Tensor:
    """(B,) of maps (S, S) or (B, S, S) and heat (B, S, S), whatever the maps' scale.

    Attributions may be as small as 1e-12, whose squares would underflow.
    """
    maps = maps.expand_as(heat).flatten(1)
    maps = maps / maps.amax(dim=1, keepdim=True).clamp_min(1e-12)
    return F.cosine_similarity(maps, heat.flatten(1), dim=1, eps=1e-12)
