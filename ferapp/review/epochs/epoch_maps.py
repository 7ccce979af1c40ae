"""Attribution maps of a few faces by the weights of one epoch.

Slow, because torch and a model are loaded: run it in a task queue.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.heavy_imports import load_torch


@dataclass(frozen=True, slots=True)
class FaceMap:
    """What a model saw, `crop` (s, s), and the signed attribution `map` (s, s) to it."""

    crop: NDArray[np.uint8]
    map: NDArray[np.float32]


def attribute_faces(
    model: Path,
    pictures: list[NDArray[np.uint8]],
    landmarks: NDArray[np.float32],
    label: NDArray[np.int64],
) -> list[FaceMap]:
    """The maps of grey pictures (h, w) for the class of their label (F,), by the usual method.

    `landmarks` (F, 68, 2) are in pixels of the pictures, NaN without any. The class stays the same
    whatever is predicted, so that the maps of several epochs can be compared. Raises
    ModelFileError.
    """
    load_torch()
    import torch

    from trainer.attribution import attribute
    from trainer.attribution_methods import DEFAULT_METHOD
    from trainer.data.crops import to_input
    from trainer.device import resolve_device
    from trainer.faces.align import crop_face
    from trainer.models.model_file import load_model

    device = resolve_device("auto")
    network, card = load_model(model, device)
    size, side = card.preprocessing.crop_size, card.preprocessing.input_size
    crops = np.stack(
        [
            crop_face(picture, points, card.preprocessing).crop
            for picture, points in zip(pictures, landmarks, strict=True)
        ]
    )
    x = to_input(torch.from_numpy(crops), card.preprocessing).to(device)
    maps = attribute(network, x, DEFAULT_METHOD, torch.from_numpy(label).to(device))
    margin = (size - side) // 2
    seen = crops[:, margin : margin + side, margin : margin + side]
    return [
        FaceMap(crop, values) for crop, values in zip(seen, maps.float().cpu().numpy(), strict=True)
    ]
