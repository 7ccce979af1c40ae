"""How good a model's explanations are on a data set, compared with maps that ignore the model."""

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
from trainer.data.crops import Crops, normalise, to_input, unit_pixels
from trainer.faces.action_units import au_heatmap, expressions_of
from trainer.faces.heatmaps import landmark_heatmap
from trainer.models.registry import FerModel

BATCH_SIZE = 64
REGION_THRESHOLD = 0.5  # an action unit's region is where its heatmap is at least this
SHIFTS = ((0, 0), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, 0))  # px of the crop
RANDOMISED = 64  # samples of the randomisation check
KINDS = ("model", "random", "edges", "mean_au")
MEASURES = {
    "deletion": "area under the predicted class's probability as the highest pixels are removed; "
    "lower is better",
    "insertion": "the same as they are restored to a blurred picture; higher is better",
    "gap": "insertion − deletion; higher is better",
    "road": "ROAD: probability without the lowest pixels − without the highest; higher is better",
    "landmark_r": "Pearson r with the landmark heatmap, both at the layer's size",
    "au_cosine": "cosine of the true class's map with its action units − that of the mean AU map",
    "pointing": "share of maps whose maximum is on an action unit of the true class",
    "mass": "share of the positive attribution that is on those action units",
    "gini": "0: uniform, 1: all in one pixel",
    "stability": "Pearson r between consecutive frames while the crop shifts by 1 px",
}

Values = dict[str, Tensor]  # measure → (B,)


@dataclass(frozen=True, slots=True)
class ExplanationSamples:
    """Inputs (N, C, s, s), landmarks (N, 68, 2) in their px, labels (N,), AU heatmaps (N, s, s).

    The inputs are the centres of `crops` (N, S, S) uint8.
    """

    crops: Tensor
    x: Tensor
    landmarks: Tensor
    labels: Tensor
    heat: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice) -> "ExplanationSamples":
        fields = (self.crops, self.x, self.landmarks, self.labels, self.heat)
        return ExplanationSamples(*(field[rows] for field in fields))

    @property
    def has_action_units(self) -> Tensor:
        """(N,) whether a sample has landmarks and an expression other than neutral."""
        return self.heat.amax(dim=(1, 2)) > 0

    def mean_au(self) -> Tensor:
        """(s, s) the mean AU heatmap, with equal weight for each class; zero without any."""
        means = [
            self.heat[self.has_action_units & (self.labels == k)].mean(0)
            for k in sorted(set(self.labels[self.has_action_units].tolist()))
        ]
        return torch.stack(means).mean(0) if means else torch.zeros_like(self.heat[0])


def draw_explanation_samples(
    crops: Crops, card: ModelCard, device: torch.device, limit: int = 0, seed: int = 0
) -> ExplanationSamples:
    """`limit` random samples (0 is all), the same for every model."""
    rows, sizes = torch.arange(len(crops)), card.preprocessing
    if 0 < limit < len(crops):
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randperm(len(crops), generator=generator)[:limit].sort().values
    pixels = crops.pixels[rows]
    landmarks, labels = crops.landmarks[rows] - sizes.margin, crops.labels[rows]
    heat = au_heatmap(landmarks, sizes.input_size, expressions_of(card.classes)[labels])
    fields = (pixels, to_input(pixels, sizes), landmarks, labels, heat)
    return ExplanationSamples(*(field.to(device) for field in fields))


def measure_explanations(
    model: FerModel,
    card: ModelCard,
    samples: ExplanationSamples,
    method: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Every measure for the model's maps and for random, edge and mean AU maps.

    Faithfulness is measured for the predicted class, location for the true one. Returns `maps`
    (kind → measure → mean, low, high, n), `curves` (kind → mean deletion and insertion), and
    `randomised`: Spearman's r of the maps before and after layers are randomised.
    """
    model.eval()
    mean_au = samples.mean_au()
    generator = torch.Generator().manual_seed(0)
    values: dict[str, dict[str, list[Tensor]]] = {kind: {} for kind in KINDS}
    curves: dict[str, dict[str, list[Tensor]]] = {kind: {} for kind in KINDS}
    for start in range(0, len(samples), BATCH_SIZE):
        batch = samples[start : start + BATCH_SIZE]
        predicted = _predicted_classes(model, batch.x)
        maps_of = _maps_by_kind(model, batch, method, predicted, mean_au, generator)
        for kind, (for_predicted, for_true) in maps_of.items():
            batch_curves, measured = _faithfulness(
                model, batch.x, for_predicted, predicted, generator
            )
            measured |= _location(batch, for_predicted, for_true, mean_au)
            if kind == "model":
                measured["stability"] = _map_stability(model, card, batch.crops, method)
            elif kind == "edges":
                shifted = [sobel_edges(view) for view in _shifted_inputs(card, batch.crops)]
                measured["stability"] = frame_stability(torch.stack(shifted))
            for name, value in measured.items():
                values[kind].setdefault(name, []).append(value.cpu())
            for name, curve in batch_curves.items():
                curves[kind].setdefault(name, []).append(curve)
        progress(start + len(batch), len(samples))
    return {
        "method": method,
        "samples": len(samples),
        "maps": {
            kind: {
                name: bootstrap_interval(torch.cat(batches)) for name, batches in by_name.items()
            }
            for kind, by_name in values.items()
        },
        "curves": {
            kind: {name: torch.cat(batches).mean(0).tolist() for name, batches in by_name.items()}
            for kind, by_name in curves.items()
        },
        "randomised": _randomisation_check(model, samples, method),
    }


def _predicted_classes(model: FerModel, x: Tensor) -> Tensor:
    with torch.no_grad():
        classes: Tensor = model(x).argmax(dim=1)
    return classes


def _maps_by_kind(
    model: FerModel,
    batch: ExplanationSamples,
    method: str,
    predicted: Tensor,
    mean_au: Tensor,
    generator: torch.Generator,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Maps (B, s, s) for the predicted and for the true class, of each of KINDS."""
    for_predicted = attribute(model, batch.x, method, predicted)
    for_true = attribute(model, batch.x, method, batch.labels)
    random, edge_maps = _smooth_noise(batch.x, generator), sobel_edges(batch.x)
    constant = mean_au.expand_as(batch.heat)
    return {
        "model": (for_predicted, for_true),
        "random": (random, random),
        "edges": (edge_maps, edge_maps),
        "mean_au": (constant, constant),
    }


def _faithfulness(
    model: FerModel, x: Tensor, maps: Tensor, predicted: Tensor, generator: torch.Generator
) -> tuple[Values, Values]:
    """Deletion and insertion curves, and the measures that need no landmarks."""
    deleted = deletion_curve(model, x, maps, predicted)
    inserted = insertion_curve(model, x, maps, predicted)
    measured = {
        "deletion": area_under_curve(deleted),
        "insertion": area_under_curve(inserted),
        "gap": area_under_curve(inserted) - area_under_curve(deleted),
        "road": road(model, x, maps, predicted, generator),
        "gini": gini(maps),
    }
    return {"deletion": deleted, "insertion": inserted}, measured


def _location(
    batch: ExplanationSamples, for_predicted: Tensor, for_true: Tensor, mean_au: Tensor
) -> Values:
    """How far maps lie on landmarks and action units; NaN for samples without them."""
    heat, has_action_units = batch.heat, batch.has_action_units
    side = heat.shape[-1]
    has_landmarks = torch.isfinite(batch.landmarks).all(dim=2).all(dim=1)
    points = landmark_heatmap(batch.landmarks.nan_to_num(), side)
    layer_side = max(4, side // 8)
    small = [F.adaptive_avg_pool2d(m[:, None], layer_side)[:, 0] for m in (for_predicted, points)]
    region = heat >= REGION_THRESHOLD
    above_floor = positive_cosine(for_true, heat) - positive_cosine(mean_au.expand_as(heat), heat)
    return {
        "landmark_r": torch.where(has_landmarks, pearson(*small), torch.nan),
        "au_cosine": torch.where(has_action_units, above_floor, torch.nan),
        "pointing": torch.where(has_action_units, pointing_game(for_true, region), torch.nan),
        "mass": torch.where(has_action_units, relevance_mass(for_true, region), torch.nan),
    }


def _smooth_noise(x: Tensor, generator: torch.Generator) -> Tensor:
    """Noise (B, H, W) as smooth as the maps of a late layer."""
    cells = max(4, x.shape[-1] // 8)
    noise = torch.randn(len(x), 1, cells, cells, generator=generator).to(x)
    return F.interpolate(noise, x.shape[-2:], mode="bilinear", align_corners=False)[:, 0]


def _shifted_inputs(card: ModelCard, crops: Tensor) -> list[Tensor]:
    """Inputs (B, C, s, s) cut from crops (B, S, S) at each of SHIFTS, within the margin."""
    sizes = card.preprocessing
    pixels, margin = unit_pixels(crops, sizes), sizes.margin
    views = []
    for right, down in SHIFTS:
        x, y = (margin + max(-margin, min(margin, shift)) for shift in (right, down))
        view = pixels[..., y : y + sizes.input_size, x : x + sizes.input_size]
        views.append(normalise(view, sizes))
    return views


def _map_stability(model: FerModel, card: ModelCard, crops: Tensor, method: str) -> Tensor:
    views = _shifted_inputs(card, crops)
    classes = _predicted_classes(model, views[0])
    return frame_stability(torch.stack([attribute(model, view, method, classes) for view in views]))


def _randomisation_check(
    model: FerModel, samples: ExplanationSamples, method: str
) -> list[dict[str, Any]]:
    """Spearman's r with the trained network's maps as its layers are randomised, last to first."""
    x = samples.x[:RANDOMISED]
    classes = _predicted_classes(model, x)
    trained = attribute(model, x, method, classes)
    return [
        {
            "layer": name,
            "spearman": float(spearman(trained, attribute(network, x, method, classes)).mean()),
        }
        for name, network in cascading_randomisation(model)
    ]
