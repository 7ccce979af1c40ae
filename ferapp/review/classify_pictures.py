"""Pictures that are there, classified now by a model. Called in the desk's thread."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation
from ferapp.review.opened import Inspected
from ferapp.sources.heavy_imports import load_torch
from trainer.errors import DataError
from trainer.model_index import find_model, read_card

PIECE = 256  # pictures that are classified between two words about it

Read = Callable[[int], NDArray[np.uint8] | None]
Say = Callable[[str], None]


def classified_by(opened: Inspected, model: str, say: Say = lambda _: None) -> Evaluation:
    """The samples of `opened` as another model sees them; its name is the model's.

    Raises DataError where the pictures are gone, or the model has other classes.
    """
    found, file = opened.evaluation, find_model(model)
    card = read_card(file)
    say(f"Loading the model {card.name} …")
    logits = classify(file, found.name, found.classes, opened.picture, found.landmarks, say)
    return replace(found, name=card.name, logits=logits, temperature=card.temperature)


def classify(
    file: Path,
    name: str,
    classes: tuple[str, ...],
    picture: Read,
    landmarks: NDArray[np.float32],
    say: Say,
) -> NDArray[np.float32]:
    """The logits (N, K) of grey pictures with `landmarks` (N, 68, 2), NaN where there are none.

    `name` is what the pictures are called. Raises DataError as `classified_by`.
    """
    load_torch()
    import torch

    from trainer.device import resolve_device
    from trainer.evaluation.evaluate import predict
    from trainer.faces.align import align_face, unaligned_crop
    from trainer.models.model_file import load_model

    device = resolve_device("auto")
    network, card = load_model(file, device)
    if card.classes != classes:
        raise DataError(
            f"{name}: its classes are not those of {card.name}",
            f"It has {', '.join(classes)}; {card.name} has {', '.join(card.classes)}.",
        )
    size, count = card.preprocessing.crop_size, len(landmarks)
    logits = []
    for start in range(0, count, PIECE):
        say(f"Classifying picture {start + 1} of {count} …")
        crops = []
        for row in range(start, min(start + PIECE, count)):
            seen, points = picture(row), landmarks[row]
            if seen is None:
                raise DataError(f"{name}: the pictures are not here, so no model can look at them")
            aligned = np.isfinite(points).all()
            crops.append(
                (align_face(seen, points, size) if aligned else unaligned_crop(seen, size)).crop
            )
        pixels = torch.from_numpy(np.stack(crops))
        logits.append(predict(network, card, pixels, device).logits)
    return np.concatenate(logits)
