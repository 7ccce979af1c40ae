"""Explains one sample: what the model saw, and which parts of the face its answer comes from.

Slow, because torch and the model are loaded on first use: run it in a task queue.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.heavy_imports import load_torch
from trainer.labels import EXPRESSIONS

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier

FloatArray = NDArray[np.float32]
_MAX_LOADED = 2  # models


@dataclass(frozen=True, slots=True)
class ClassExplanation:
    """Why one class: its signed attribution `map` (s, s), and how well it matches the face.

    `action_units` (s, s) in 0–1 are those of the class; `au_cosine` is their cosine with the map's
    positive part, `landmark_r` is Pearson's r of the map with the landmark heatmap at the layer's
    resolution. They are None where the picture has no landmarks or the class no action units.
    """

    name: str
    map: FloatArray
    action_units: FloatArray | None
    au_cosine: float | None
    landmark_r: float | None


@dataclass(frozen=True, slots=True)
class SampleExplanation:
    """The explanation of one sample.

    `crop` (s, s) is the model's input, `landmarks` (68, 2) are in its pixels, `landmark_heatmap`
    is (s, s). `true` is None for a sample without a label. `attention` (d,) are the weights of the
    features, empty for models without them. `method` is the one that was used.
    """

    crop: NDArray[np.uint8]
    landmarks: FloatArray | None
    true: ClassExplanation | None
    predicted: ClassExplanation
    landmark_heatmap: FloatArray | None
    attention: FloatArray
    method: str


class SampleExplainer:
    """Explains samples; the two models used last stay loaded, for a comparison."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[Path, float], Classifier] = {}  # by file and time of its change

    def explain(
        self,
        model: Path,
        picture: NDArray[np.uint8],
        landmarks: FloatArray,
        label: int,
        predicted: int,
        method: str,
    ) -> SampleExplanation:
        """Explain a grey picture (h, w) with landmarks (68, 2) in its pixels, NaN without any.

        `label` is −1 for a sample without one.
        """
        classifier = self._classifier(model)
        from trainer.faces.align import crop_face, transform_points

        sizes = classifier.card.preprocessing
        side, margin = sizes.input_size, sizes.margin
        has_landmarks = bool(np.isfinite(landmarks).all())
        face = crop_face(picture, landmarks, sizes)
        in_face = (
            transform_points(face.matrix, landmarks).astype(np.float32) if has_landmarks else None
        )
        in_crop = in_face - margin if in_face is not None else None
        targets = [label, predicted] if label >= 0 else [predicted]
        maps, attention, used = _attribute(classifier, face.crop, in_face, targets, method)
        heatmap = _landmark_heatmap(in_crop, side) if in_crop is not None else None
        names = classifier.card.classes
        explained = [
            _explain_class(names[target], maps[target], in_crop, heatmap, side)
            for target in targets
        ]
        return SampleExplanation(
            crop=face.crop[margin : margin + side, margin : margin + side],
            landmarks=in_crop,
            true=explained[0] if label >= 0 else None,
            predicted=explained[-1],
            landmark_heatmap=heatmap,
            attention=attention,
            method=used,
        )

    def _classifier(self, model: Path) -> "Classifier":
        key = (model, model.stat().st_mtime)
        classifier = self._loaded.pop(key, None)
        if classifier is None:
            load_torch()
            from ferapp.vision.classifier import Classifier

            classifier = Classifier(model)
        self._loaded[key] = classifier  # the last one is the newest
        while len(self._loaded) > _MAX_LOADED:
            self._loaded.pop(next(iter(self._loaded)))
        return classifier


def _attribute(
    classifier: "Classifier",
    crop: NDArray[np.uint8],
    landmarks: FloatArray | None,
    targets: list[int],
    method: str,
) -> tuple[dict[int, FloatArray], FloatArray, str]:
    """The map of each target class, the attention weights, and the method that was used."""
    maps: dict[int, FloatArray] = {}
    for target in targets:
        if target in maps:
            continue
        result = classifier.classify(
            crop[None],
            attribution=True,
            method=method,
            target=target,
            points=None if landmarks is None else landmarks[None],
        )
        for index, mapped_class in enumerate(result.mapped[0].tolist()):
            maps[mapped_class] = result.maps[0, index]
    return maps, result.attention[0], result.method


def _landmark_heatmap(landmarks: FloatArray, side: int) -> FloatArray:
    import torch

    from trainer.faces.heatmaps import landmark_heatmap

    heatmap = landmark_heatmap(torch.from_numpy(landmarks)[None], side)[0]
    return np.asarray(heatmap.numpy(), np.float32)


def _explain_class(
    name: str,
    attribution_map: FloatArray,
    landmarks: FloatArray | None,
    heatmap: FloatArray | None,
    side: int,
) -> ClassExplanation:
    import torch
    import torch.nn.functional as F

    from trainer.attribution.map_measures import pearson, positive_cosine
    from trainer.faces.action_units import au_heatmap, au_valid

    attribution = torch.from_numpy(attribution_map)[None]
    landmark_r = action_units = au_cosine = None
    if heatmap is not None:
        cells = max(4, side // 8)
        pooled = [
            F.adaptive_avg_pool2d(values[:, None], cells)[:, 0]
            for values in (attribution, torch.from_numpy(heatmap)[None])
        ]
        landmark_r = float(pearson(*pooled))
    if landmarks is not None and name in EXPRESSIONS and bool(au_valid(name)):
        units = au_heatmap(torch.from_numpy(landmarks)[None], side, name)
        action_units, au_cosine = units[0].numpy(), float(positive_cosine(attribution, units))
    return ClassExplanation(name, attribution_map, action_units, au_cosine, landmark_r)
