"""How good a model's explanations are on a data set, beside maps that know nothing of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution.core import attribute
from trainer.attribution.faithfulness import (
    area_under_curve,
    deletion_curve,
    insertion_curve,
    road,
)
from trainer.attribution.map_measures import (
    bootstrap_interval,
    frame_stability,
    gini,
    pearson,
    pointing_game,
    positive_cosine,
    relevance_mass,
    sobel_edges,
    spearman,
)
from trainer.attribution.sanity import cascading_randomisation
from trainer.card import ModelCard
from trainer.data.crops import Crops, normalise, to_input
from trainer.faces.action_units import au_heatmap, expressions_of
from trainer.faces.heatmaps import landmark_heatmap
from trainer.models.registry import FerModel

PART = 64  # samples at a time
REGION = 0.5  # an action unit's region is where its map is at least this
SWAY = ((0, 0), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, 0))  # px of the crop
RANDOMISED = 64  # samples for the sanity check
KINDS = ("model", "random", "edges", "mean_au")
MEASURES = {
    "deletion": "area under the predicted class's probability while its highest pixels vanish; "
    "lower is better",
    "insertion": "the same while they come back to a blurred picture; higher is better",
    "gap": "insertion − deletion; higher is better",
    "road": "ROAD: probability without the lowest pixels − without the highest; higher is better",
    "landmark_r": "Pearson r with the landmarks' heatmap, both at the layer's size",
    "au_cosine": "cosine of the true class's map and its action units − that of the mean AU map",
    "pointing": "share of maps whose maximum lies on an action unit of the true class",
    "mass": "share of the positive attribution that lies on them",
    "gini": "0: the same everywhere, 1: all in one pixel",
    "stability": "Pearson r from one frame to the next while the crop sways by 1 px",
}


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs (N, 1, s, s), landmarks (N, 68, 2) in their px, labels (N,), action units (N, s, s).

    `crops` (N, S, S) uint8 are what they were cut from.
    """

    crops: Tensor
    x: Tensor
    landmarks: Tensor
    labels: Tensor
    heat: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def guided(self) -> Tensor:
        """(N,) whether a sample has action units: landmarks, and an expression but neutral."""
        return self.heat.amax(dim=(1, 2)) > 0

    def mean_au(self) -> Tensor:
        """(s, s) the mean action unit map, each class alike; zero where no sample has one."""
        means = [
            self.heat[self.guided & (self.labels == k)].mean(0)
            for k in sorted(set(self.labels[self.guided].tolist()))
        ]
        return torch.stack(means).mean(0) if means else torch.zeros_like(self.heat[0])


def samples_of(
    crops: Crops, card: ModelCard, device: torch.device, limit: int = 0, seed: int = 0
) -> Samples:
    """`limit` samples drawn from all (0 is all), the same for every model."""
    rows, sizes = torch.arange(len(crops)), card.preprocessing
    if 0 < limit < len(crops):
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randperm(len(crops), generator=generator)[:limit].sort().values
    pixels = crops.pixels[rows]
    margin = (sizes.crop_size - sizes.input_size) // 2
    landmarks, labels = crops.landmarks[rows] - margin, crops.labels[rows]
    heat = au_heatmap(landmarks, sizes.input_size, expressions_of(card.classes)[labels])
    parts = (pixels, to_input(pixels, sizes), landmarks, labels, heat)
    return Samples(*(part.to(device) for part in parts))


def measure(
    model: FerModel,
    card: ModelCard,
    samples: Samples,
    method: str,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Every measure for the model's maps and for random, edge and mean AU maps.

    Faithfulness is measured for the predicted class, places for the true one. Returns `maps`
    (kind → measure → mean, low, high, n), `curves` (kind → deletion and insertion, the means),
    and `randomised`, the Spearman r of maps before and after layers were made random.
    """
    model.eval()
    mean_au = samples.mean_au()
    generator = torch.Generator().manual_seed(0)
    values: dict[str, dict[str, list[Tensor]]] = {kind: {} for kind in KINDS}
    curves: dict[str, dict[str, list[Tensor]]] = {kind: {} for kind in KINDS}
    for start in range(0, len(samples), PART):
        rows = slice(start, start + PART)
        x, labels = samples.x[rows], samples.labels[rows]
        with torch.no_grad():
            predicted = model(x).argmax(dim=1)
        ours = tuple(attribute(model, x, method, target) for target in (predicted, labels))
        constants = {
            "random": _noise(x, generator),
            "edges": sobel_edges(x),
            "mean_au": mean_au.expand(len(x), -1, -1),
        }
        both = {"model": ours, **{kind: (maps, maps) for kind, maps in constants.items()}}
        for kind, (for_predicted, for_true) in both.items():
            down = deletion_curve(model, x, for_predicted, predicted)
            up = insertion_curve(model, x, for_predicted, predicted)
            curves[kind].setdefault("deletion", []).append(down)
            curves[kind].setdefault("insertion", []).append(up)
            found = {
                "deletion": area_under_curve(down),
                "insertion": area_under_curve(up),
                "gap": area_under_curve(up) - area_under_curve(down),
                "road": road(model, x, for_predicted, predicted, generator),
                "gini": gini(for_predicted),
                **_places(samples, rows, for_predicted, for_true, mean_au),
            }
            if kind == "model":
                found["stability"] = _steadiness(model, card, samples.crops[rows], method)
            elif kind == "edges":
                swayed = [sobel_edges(view) for view in _sway(card, samples.crops[rows])]
                found["stability"] = frame_stability(torch.stack(swayed))
            for name, value in found.items():
                values[kind].setdefault(name, []).append(value.cpu())
        report(min(start + PART, len(samples)), len(samples))
    return {
        "method": method,
        "samples": len(samples),
        "maps": {
            kind: {name: bootstrap_interval(torch.cat(parts)) for name, parts in of_kind.items()}
            for kind, of_kind in values.items()
        },
        "curves": {
            kind: {name: torch.cat(parts).mean(0).tolist() for name, parts in of_kind.items()}
            for kind, of_kind in curves.items()
        },
        "randomised": _sanity(model, samples, method),
    }


def _places(
    samples: Samples, rows: slice, predicted: Tensor, true: Tensor, mean_au: Tensor
) -> dict[str, Tensor]:
    """NaN for samples without landmarks, and without action units."""
    landmarks, heat, guided = samples.landmarks[rows], samples.heat[rows], samples.guided[rows]
    side = heat.shape[-1]
    found = torch.isfinite(landmarks).all(dim=2).all(dim=1)
    points = landmark_heatmap(landmarks.nan_to_num(), side)
    small = [F.adaptive_avg_pool2d(maps[:, None], max(4, side // 8))[:, 0] for maps in (
        predicted, points)]  # fmt: skip
    region = heat >= REGION
    constant = mean_au.expand_as(heat)
    return {
        "landmark_r": torch.where(found, pearson(*small), torch.nan),
        "au_cosine": torch.where(
            guided, positive_cosine(true, heat) - positive_cosine(constant, heat), torch.nan
        ),
        "pointing": torch.where(guided, pointing_game(true, region), torch.nan),
        "mass": torch.where(guided, relevance_mass(true, region), torch.nan),
    }


def _noise(x: Tensor, generator: torch.Generator) -> Tensor:
    """(B, H, W) of the smoothness of a late layer's maps."""
    cells = max(4, x.shape[-1] // 8)
    noise = torch.randn(len(x), 1, cells, cells, generator=generator).to(x)
    return F.interpolate(noise, x.shape[-2:], mode="bilinear", align_corners=False)[:, 0]


def _sway(card: ModelCard, crops: Tensor) -> list[Tensor]:
    """Inputs (B, 1, s, s) cut from crops (B, S, S) a pixel away from the last, as far as fits."""
    sizes = card.preprocessing
    margin = (sizes.crop_size - sizes.input_size) // 2
    views = []
    for right, down in SWAY:
        x, y = (margin + max(-margin, min(margin, move)) for move in (right, down))
        part = crops[:, None, y : y + sizes.input_size, x : x + sizes.input_size]
        views.append(normalise(part.float().div(255), sizes))
    return views


def _steadiness(model: FerModel, card: ModelCard, crops: Tensor, method: str) -> Tensor:
    views = _sway(card, crops)
    with torch.no_grad():
        classes = model(views[0]).argmax(dim=1)
    return frame_stability(torch.stack([attribute(model, view, method, classes) for view in views]))


def _sanity(model: FerModel, samples: Samples, method: str) -> list[dict[str, Any]]:
    x = samples.x[:RANDOMISED]
    with torch.no_grad():
        classes = model(x).argmax(dim=1)
    before = attribute(model, x, method, classes)
    return [
        {
            "layer": name,
            "spearman": float(spearman(before, attribute(other, x, method, classes)).mean()),
        }
        for name, other in cascading_randomisation(model)
    ]
