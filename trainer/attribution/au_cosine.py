"""How alike maps and the action units of the true class are, beside constant maps (methods' floor).

Belharbi et al., FG 2024: CAM-COS of the true class's attribution, ATT-COS of the layer's attention.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution.on_demand import maps_by
from trainer.faces.action_units import au_heatmap, au_valid
from trainer.models.registry import FerModel

GAUSSIAN = 0.25  # σ of the centred blob, as a share of the side
KINDS = ("cam_cos", "att_cos", "uniform", "gaussian", "mean_au")


@dataclass(slots=True)
class AuCosines:
    """Collects batches; `result` has the mean of each class and of those means.

    The floors are what maps reach that know nothing of the picture: the same everywhere, a blob in
    the middle, and the mean of the action unit maps themselves (each class weighs alike).
    """

    num_classes: int
    method: str = "grad_x_input"  # of the CAM
    _maps: list[Tensor] = field(default_factory=list)  # (B, 2, S, S) CAM and attention
    _heat: list[Tensor] = field(default_factory=list)
    _labels: list[Tensor] = field(default_factory=list)

    def add(self, model: FerModel, x: Tensor, landmarks: Tensor, labels: Tensor) -> None:
        """Inputs (B, C, S, S), landmarks (B, 68, 2) in their px, NaN without, labels (B,)."""
        valid = torch.isfinite(landmarks).all(dim=2).all(dim=1) & au_valid(labels)
        if not valid.any():
            return
        x, landmarks, labels = x[valid], landmarks[valid], labels[valid]
        both = torch.stack(
            [maps_by(model, x, method, labels) for method in (self.method, "attention")], dim=1
        )
        # in float16: the maps of a whole split are kept until the mean map is known
        self._maps.append(_unit(both.clamp_min(0)).half().cpu())
        self._heat.append(au_heatmap(landmarks, x.shape[-1], labels).half().cpu())
        self._labels.append(labels.cpu())

    def result(self) -> dict[str, dict[str, float | list[float | None]]]:
        """Kind → `mean` and `per_class`, None for classes without action units or samples."""
        if not self._labels:
            return {}
        maps, heat = torch.cat(self._maps).float(), torch.cat(self._heat).float()
        labels = torch.cat(self._labels)
        side = heat.shape[-1]
        place = (torch.arange(side) - (side - 1) / 2) / (GAUSSIAN * side)
        blob = torch.exp(-(place[:, None] ** 2 + place[None] ** 2) / 2)
        of_class = [heat[labels == k].mean(0) for k in sorted(set(labels.tolist()))]
        constants = torch.stack([torch.ones(side, side), blob, torch.stack(of_class).mean(0)])
        found = {
            "cam_cos": _cosine(maps[:, 0], heat),
            "att_cos": _cosine(maps[:, 1], heat),
            **{
                kind: _cosine(constant[None].expand_as(heat), heat)
                for kind, constant in zip(KINDS[2:], constants, strict=True)
            },
        }
        return {kind: self._summary(values, labels) for kind, values in found.items()}

    def _summary(self, values: Tensor, labels: Tensor) -> dict[str, float | list[float | None]]:
        per_class = [
            float(values[labels == k].mean()) if (labels == k).any() else None
            for k in range(self.num_classes)
        ]
        present = [value for value in per_class if value is not None]
        return {"mean": sum(present) / len(present), "per_class": [*per_class]}


def _unit(maps: Tensor) -> Tensor:
    """Divided by their maxima: [0, 1]."""
    return maps / maps.amax(dim=(2, 3), keepdim=True).clamp_min(1e-12)


def _cosine(maps: Tensor, heat: Tensor) -> Tensor:
    return F.cosine_similarity(maps.flatten(1), heat.flatten(1), dim=1, eps=1e-12)
