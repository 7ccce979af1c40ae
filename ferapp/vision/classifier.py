"""A model made ready for live use: crops in, probabilities and attribution maps out."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.attribution import explain, explain_all, target_classes
from trainer.data.crops import to_input
from trainer.device import memory_format, resolve
from trainer.model_index import find_model
from trainer.models.fold import folded
from trainer.models.model_file import load_model


@dataclass(frozen=True, slots=True)
class Classification:
    """Of F faces: `probabilities` (F, K) and `maps` (F, M, s, s), signed, of `mapped` (F, M).

    M is K where one forward gives the maps of all classes, else 1; 0 without attribution.
    """

    probabilities: NDArray[np.float32]
    maps: NDArray[np.float32]
    mapped: NDArray[np.int64]


class Classifier:
    """Raises ModelFileError (from the loader) with the reason when the model cannot be used."""

    def __init__(self, model: str | Path, device: str = "auto") -> None:
        self.path = find_model(str(model))
        self.device = resolve(device)
        network, self.card = load_model(self.path, self.device)
        side = self.card.preprocessing.input_size
        example = torch.rand(2, 1, side, side, device=self.device)
        self._layout = memory_format(network, self.device)
        self._network = folded(network, example).to(memory_format=self._layout)
        for on in (False, True):  # the first calls choose kernels and are slow
            self.classify(np.zeros((1, self.crop_size, self.crop_size), np.uint8), attribution=on)

    @property
    def crop_size(self) -> int:
        return self.card.preprocessing.crop_size

    def classify(
        self,
        crops: NDArray[np.uint8],
        *,
        attribution: bool,
        target: Literal["predicted", "runner_up"] | int = "predicted",
    ) -> Classification:
        """Crops (F, S, S) in one batch; attribution is Grad*Input.

        `target` is explained where the network does not give the maps of all classes at once. A
        class that the model does not have stands for the predicted one: options outlive models.
        """
        x = to_input(torch.from_numpy(crops), self.card.preprocessing)
        x = x.to(self.device, memory_format=self._layout)
        count, side = len(x), x.shape[-1]
        maps, mapped = torch.empty(count, 0, side, side), torch.empty(count, 0, dtype=torch.int64)
        if not attribution:
            with torch.inference_mode():
                logits = self._network(x)
        elif self._network.linear_head is not None:
            logits, maps = explain_all(self._network, x)
            mapped = torch.arange(logits.shape[1]).expand(count, -1)
        else:
            if isinstance(target, int) and not 0 <= target < len(self.card.classes):
                target = "predicted"
            logits, found = explain(self._network, x, "grad_x_input", target)
            maps, mapped = found[:, None], target_classes(logits, target)[:, None]
        logits = logits.float().cpu()
        probabilities = torch.softmax(logits / self.card.temperature, dim=1)
        return Classification(
            probabilities.numpy(), maps.float().cpu().numpy(), mapped.cpu().numpy()
        )

    def seconds_per_face(self, attribution: bool, repeats: int = 50) -> float:
        """Median time of one face on this device."""
        crop = np.random.default_rng(0).integers(
            0, 256, (1, self.crop_size, self.crop_size), np.uint8
        )
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            self.classify(crop, attribution=attribution)
            times.append(time.perf_counter() - start)
        return float(np.median(times))
