"""One sample looked at closely: what the model saw, and where its answers come from.

Called in the desk's thread; it loads torch and the model on first use.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.review.opened import Examined, Explained, Map
from ferapp.sources.heavy_imports import load_torch
from trainer.labels import EXPRESSIONS

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier


class Examiner:
    """Keeps the model of the last question."""

    def __init__(self) -> None:
        self._model: tuple[Path, float, Classifier] | None = None

    def examine(
        self,
        model: Path,
        picture: NDArray[np.uint8],
        landmarks: Map,
        label: int,
        predicted: int,
        method: str,
    ) -> Examined:
        """Of a grey picture (h, w) with landmarks (68, 2) in its px, NaN where there are none."""
        classifier = self._classifier(model)
        from trainer.faces.align import align_face, transform_points, unaligned_crop

        found = bool(np.isfinite(landmarks).all())
        size = classifier.crop_size
        aligned = align_face(picture, landmarks, size) if found else unaligned_crop(picture, size)
        points = transform_points(aligned.matrix, landmarks).astype(np.float32) if found else None
        asked = [label, predicted] if label >= 0 else [predicted]
        maps, attention, used = _maps(classifier, aligned.crop, points, asked, method)
        side = classifier.card.preprocessing.input_size
        margin = (size - side) // 2
        placed = points - margin if points is not None else None
        heat = _landmark_heat(placed, side) if placed is not None else None
        names = classifier.card.classes
        explained = [_explained(names[index], maps[index], placed, heat, side) for index in asked]
        return Examined(
            crop=aligned.crop[margin : margin + side, margin : margin + side],
            landmarks=placed,
            true=explained[0] if label >= 0 else None,
            predicted=explained[-1],
            heat=heat,
            attention=attention,
            method=used,
        )

    def _classifier(self, model: Path) -> "Classifier":
        changed = model.stat().st_mtime
        if self._model is None or self._model[:2] != (model, changed):
            load_torch()
            from ferapp.vision.classifier import Classifier

            self._model = (model, changed, Classifier(model))
        return self._model[2]


def _maps(
    classifier: "Classifier",
    crop: NDArray[np.uint8],
    points: Map | None,
    asked: list[int],
    method: str,
) -> tuple[dict[int, Map], Map, str]:
    """The map of each class asked for, the attention weights, and the method they came by."""
    maps: dict[int, Map] = {}
    for index in asked:
        if index in maps:
            continue
        result = classifier.classify(
            crop[None],
            attribution=True,
            method=method,
            target=index,
            points=None if points is None else points[None],
        )
        for place, name in enumerate(result.mapped[0].tolist()):
            maps[name] = result.maps[0, place]
    return maps, result.attention[0], result.method


def _landmark_heat(points: Map, side: int) -> Map:
    import torch

    from trainer.faces.heatmaps import landmark_heatmap

    return np.asarray(landmark_heatmap(torch.from_numpy(points)[None], side)[0].numpy(), np.float32)


def _explained(name: str, found: Map, points: Map | None, heat: Map | None, side: int) -> Explained:
    import torch
    import torch.nn.functional as F

    from trainer.attribution.map_measures import pearson, positive_cosine
    from trainer.faces.action_units import au_heatmap, au_valid

    attribution = torch.from_numpy(found)[None]
    r = au = score = None
    if heat is not None:
        cells = max(4, side // 8)
        small = [
            F.adaptive_avg_pool2d(each[:, None], cells)[:, 0]
            for each in (attribution, torch.from_numpy(heat)[None])
        ]
        r = float(pearson(*small))
    if points is not None and name in EXPRESSIONS and bool(au_valid(name)):
        units = au_heatmap(torch.from_numpy(points)[None], side, name)
        au, score = units[0].numpy(), float(positive_cosine(attribution, units))
    return Explained(name, found, au, score, r)
