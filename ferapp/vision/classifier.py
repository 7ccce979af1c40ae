"""A model made ready for live use: crops in, probabilities and attribution maps out."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.attribution import explain
from trainer.data.crops import to_input
from trainer.device import memory_format, resolve
from trainer.models.fold import folded
from trainer.models.model_file import find_model, load_model


@dataclass(frozen=True, slots=True)
class Classification:
    """Of F faces: `probabilities` (F, K), `maps` (F, s, s) signed, `attributed` (F,) classes."""

    probabilities: NDArray[np.float32]
    maps: NDArray[np.float32] | None
    attributed: NDArray[np.int64]


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

    def classify(self, crops: NDArray[np.uint8], *, attribution: bool) -> Classification:
        """Crops (F, S, S) in one batch; attribution is Grad*Input of the predicted class."""
        x = to_input(torch.from_numpy(crops), self.card.preprocessing)
        x = x.to(self.device, memory_format=self._layout)
        maps = None
        if attribution:
            logits, found = explain(self._network, x, "grad_x_input", "predicted")
            maps = found.float().cpu().numpy()
        else:
            with torch.inference_mode():
                logits = self._network(x)
        logits = logits.float().cpu()
        probabilities = torch.softmax(logits / self.card.temperature, dim=1)
        return Classification(probabilities.numpy(), maps, logits.argmax(1).numpy())

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
