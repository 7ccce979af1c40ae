"""A model made ready for live use: crops in, probabilities and attribution maps out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferapp.vision.overlay_methods import (
    ACTION_UNITS,
    OCCLUSION,
    OVERLAY_METHODS,
    TOO_SLOW_LIVE,
    fallback_method,
)
from trainer.attribution import (
    attribute,
    attribute_with_logits,
    available_methods,
    class_activation_maps,
    target_classes,
)
from trainer.attribution.on_demand import occlusion_maps
from trainer.attribution_methods import ANSWERS_ONLY, DEFAULT_METHOD
from trainer.data.crops import to_input
from trainer.device import memory_format, resolve_device
from trainer.errors import UsageError
from trainer.evaluation.metrics import softmax
from trainer.faces.action_units import au_heatmap, au_valid
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model
from trainer.models.fuse_bn import fuse_bn
from trainer.models.model_file import load_model
from trainer.models.networks.clip_networks import ClipModel
from trainer.models.registry import AFFECT, capture_outputs
from trainer.prior import BALANCED, TRAINED, ClassPrior

AU_BEYOND = 0.35  # of the input's side: how far maps of action units reach beyond it


@dataclass(frozen=True, slots=True)
class Classification:
    """Of F faces: `probabilities` (F, K); signed `maps` (F, M, s, s) of classes `mapped` (F, M).

    s is the side of the input, or more where maps reach beyond it on each side.
    M is K where one forward pass gives the maps of all classes, else 1; 0 without attribution.
    `method` is the method of the maps, `attention` (F, d) the weights of the features, d = 0 for
    a model without any; `valence_arousal` is (F, 2), (F, 0) for a model that has not learned them;
    `memory` (F, m) is what a network for clips remembers after this frame, m = 0 for any other.
    """

    probabilities: NDArray[np.float32]
    maps: NDArray[np.float32]
    mapped: NDArray[np.int64]
    method: str
    attention: NDArray[np.float32]
    valence_arousal: NDArray[np.float32]
    memory: NDArray[np.float32]


class Classifier:
    """`prior` are the class shares that its probabilities assume, see `ClassPrior.of`.

    Raises ModelFileError, with the reason, when the model cannot be loaded, and UsageError for a
    prior that does not fit it.
    """

    def __init__(
        self, model: str | Path, device: str = "auto", prior: str | Mapping[str, float] = TRAINED
    ) -> None:
        self.path = find_model(str(model))
        network, self.card = load_model(self.path)
        self.prior = ClassPrior.of(self.card, prior)
        try:
            self._balanced = ClassPrior.of(self.card, BALANCED)
        except UsageError:  # an old card, which does not say how frequent the classes were
            self._balanced = self.prior
        sizes = self.card.preprocessing
        example = torch.rand(2, sizes.channels, sizes.input_size, sizes.input_size)
        # on the CPU, which computes exactly: a GPU's TF32 would make the outputs differ
        network = fuse_bn(network, example)
        self.device = network.place(resolve_device(device))
        self._layout = memory_format(network, self.device)
        self._network = network.to(memory_format=self._layout)
        example = example.to(self.device)
        layer, features = self._network.attribution_layer, dict[str, Tensor]()
        with torch.inference_mode(), capture_outputs(self._network, {layer}, features):
            self._network(example)
            self._has_attention = self._network.attend(features[layer]) is not None
        self._served = (ACTION_UNITS, *available_methods(self._network))
        available = [name for name in OVERLAY_METHODS if name in self._served]
        self.methods = tuple(name for name in available if name not in TOO_SLOW_LIVE)
        blank = np.zeros((1, *self._crop_shape), np.uint8)
        for attribution in (False, True):  # the first calls choose kernels and are slow
            self.classify(blank, attribution=attribution)

    @property
    def default_method(self) -> str:
        """Grad*Input, or the first that a model has which cannot serve it."""
        return fallback_method(self.methods)

    def prior_for(self, choice: str) -> ClassPrior:
        """The prior it was loaded with for trained; a uniform one for balanced, where it can be."""
        return self._balanced if choice == BALANCED else self.prior

    @property
    def crop_size(self) -> int:
        return self.card.preprocessing.crop_size

    @property
    def _crop_shape(self) -> tuple[int, ...]:
        square = (self.crop_size, self.crop_size)
        return square if self.card.preprocessing.channels == 1 else (*square, 3)

    def classify(
        self,
        crops: NDArray[np.uint8],
        *,
        attribution: bool,
        method: str = DEFAULT_METHOD,
        target: Literal["predicted", "runner_up"] | int = "predicted",
        points: NDArray[np.float32] | None = None,
        memory: NDArray[np.float32] | None = None,
        prior: str = TRAINED,
    ) -> Classification:
        """Classify F crops in one batch and explain them by one of OVERLAY_METHODS.

        They are (F, S, S) grey, or (F, S, S, 3) RGB for a model of colours.

        `target` is explained where one pass does not give the maps of all classes; the predicted
        class is that of the highest probability. Options outlive
        models: the predicted class replaces a class that the model does not have, Grad*Input, or
        what the model has instead, a method that it cannot serve. Occlusion lays its patches side
        by side, for speed. Action units need `points` (F, 68, 2) in px of the crop.
        A network for clips continues from `memory` (F, memory_size) of each face. `prior` is as in
        `prior_for`.
        """
        class_prior = self.prior_for(prior)
        x = self._input(crops)
        if method not in self._served:
            method = self.default_method
        if isinstance(target, int) and not 0 <= target < len(self.card.classes):
            target = "predicted"
        if isinstance(self._network, ClipModel):
            self._network.memory = None if memory is None else torch.from_numpy(memory).to(x)
        features: dict[str, Tensor] = {}
        layers = {self._network.attribution_layer} if self._has_attention else set()
        if self.card.valence_arousal:
            layers.add(AFFECT)
        # of the answer alone: the many passes of an explanation would take its place
        asks_again = attribution and method in ANSWERS_ONLY
        with capture_outputs(self._network, layers, features):
            if not attribution or asks_again or method == ACTION_UNITS:
                with torch.inference_mode():
                    logits = self._network(x)
            if not attribution or asks_again:
                maps, mapped = x.new_empty(len(x), 0, *x.shape[2:]), x.new_empty(len(x), 0)
            elif method == ACTION_UNITS:
                maps, mapped = self._action_units(points, len(x), x.shape[-1])
            elif method == DEFAULT_METHOD and self._network.linear_head is not None:
                logits, maps = class_activation_maps(self._network, x)
                mapped = torch.arange(logits.shape[1]).expand(len(x), -1)
            else:
                shift = torch.from_numpy(class_prior.shift).to(x)
                result = attribute_with_logits(self._network, x, method, target, shift=shift)
                logits, maps = result.logits, result.maps[:, None]
                mapped = target_classes(logits, target, shift)[:, None]
        attention, affect = self._attention(features, len(x)), _affect(features, len(x))
        remembered = self._remembered(len(x))
        if asks_again:
            shift = torch.from_numpy(class_prior.shift).to(logits)
            mapped = target_classes(logits, target, shift)[:, None]
            maps = self._ask_again(x, method, mapped[:, 0])[:, None]
        adjusted = class_prior.adjust(logits.float().cpu().numpy())
        return Classification(
            softmax(adjusted, self.card.temperature).astype(np.float32),
            maps.float().cpu().numpy(),
            mapped.cpu().numpy(),
            method,
            attention,
            affect,
            remembered,
        )

    def _ask_again(self, x: Tensor, method: str, classes: Tensor) -> Tensor:
        """Maps (F, s, s) by many passes, in which a network for clips sees each frame alone."""
        if isinstance(self._network, ClipModel):
            self._network.memory = None
        if method == OCCLUSION:
            return occlusion_maps(self._network, x, classes, overlapping=False)
        return attribute(self._network, x, method, classes)

    def explain(
        self,
        crop: NDArray[np.uint8],
        method: str,
        target: int,
        points: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """The signed map (s, s) of the class `target` for one crop, as slow as it may be.

        By any method of `trainer.attribution`, or by action units, from `points` (68, 2) as in
        `classify`. Raises UsageError where there is no such method, or the network cannot serve it.
        """
        x = self._input(crop[None])
        if method == ACTION_UNITS:
            maps, _ = self._action_units(None if points is None else points[None], 1, x.shape[-1])
            return np.asarray(maps[0, target].numpy(), np.float32)
        if isinstance(self._network, ClipModel):
            self._network.memory = None
        return np.asarray(attribute(self._network, x, method, target)[0].float().cpu().numpy())

    def _input(self, crops: NDArray[np.uint8]) -> Tensor:
        x = to_input(torch.from_numpy(crops), self.card.preprocessing)
        return x.to(self.device, memory_format=self._layout)

    @property
    def memory_size(self) -> int:
        """Numbers that it remembers of each face; 0 unless it is a network for clips."""
        return self._network.memory_size if isinstance(self._network, ClipModel) else 0

    def _remembered(self, count: int) -> NDArray[np.float32]:
        if not isinstance(self._network, ClipModel) or self._network.remembered is None:
            return np.zeros((count, 0), np.float32)
        remembered = self._network.remembered.detach().float().cpu().numpy()
        return np.asarray(remembered, np.float32)

    def _action_units(
        self, points: NDArray[np.float32] | None, count: int, side: int
    ) -> tuple[Tensor, Tensor]:
        """Maps (F, K, s, s) of all classes; zero for classes without units, and without points.

        They reach beyond the input of `side` px, which ends at the chin, where some units are.
        """
        names = self.card.classes
        beyond = round(AU_BEYOND * side)
        maps = torch.zeros(count, len(names), side + 2 * beyond, side + 2 * beyond)
        if points is not None:
            map_points = torch.from_numpy(points) - self.card.preprocessing.margin + beyond
            for index, name in enumerate(names):
                if name in EXPRESSIONS and bool(au_valid(name)):
                    maps[:, index] = au_heatmap(map_points, maps.shape[-1], name)
        return maps, torch.arange(len(names)).expand(count, -1)

    @torch.inference_mode()
    def _attention(self, features: dict[str, Tensor], count: int) -> NDArray[np.float32]:
        if not self._has_attention:
            return np.zeros((count, 0), np.float32)
        weights = self._network.attend(features[self._network.attribution_layer].detach())
        assert weights is not None
        return np.asarray(weights.float().cpu().numpy(), np.float32)

    def seconds_per_face(self, attribution: bool, repeats: int = 50) -> float:
        """Median time of classifying one face on this device."""
        crop = np.random.default_rng(0).integers(0, 256, (1, *self._crop_shape), np.uint8)
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            self.classify(crop, attribution=attribution)
            times.append(time.perf_counter() - start)
        return float(np.median(times))


def _affect(outputs: dict[str, Tensor], count: int) -> NDArray[np.float32]:
    values = outputs[AFFECT].detach().float().cpu().numpy() if AFFECT in outputs else None
    return np.zeros((count, 0), np.float32) if values is None else np.asarray(values, np.float32)
