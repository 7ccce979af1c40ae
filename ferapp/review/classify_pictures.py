"""Classifies existing pictures with a model. Slow: run it in a task queue."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.task_queue import ReportProgress
from ferapp.sources.heavy_imports import load_torch
from trainer.errors import DataError

CHUNK = 256  # pictures between two progress reports

ReadPicture = Callable[[int], NDArray[np.uint8] | None]  # of a row: grey (h, w); None if missing


def classify(
    model: Path,
    name: str,
    classes: tuple[str, ...],
    read_picture: ReadPicture,
    landmarks: NDArray[np.float32],
    report: ReportProgress,
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Logits (N, K) and features (N, d) of grey pictures with `landmarks` (N, 68, 2) or NaN.

    The logits are in the order of `classes`.

    `name` is what the pictures are called. Raises DataError when a picture is missing, or the
    model has other classes.
    """
    load_torch()
    import torch

    from trainer.device import resolve_device
    from trainer.evaluation.predictions import predict
    from trainer.faces.align import crop_face
    from trainer.models.model_file import load_model

    device = resolve_device("auto")
    network, card = load_model(model, device)
    if set(card.classes) != set(classes):
        raise DataError(
            f"{name} and {card.name} have different classes",
            f"{name} has {', '.join(classes)}; {card.name} has {', '.join(card.classes)}.",
        )
    order, count = [card.classes.index(each) for each in classes], len(landmarks)
    logits, features = [], []
    for start in range(0, count, CHUNK):
        report(f"Classifying picture {start + 1:,} of {count:,}…")
        crops = []
        for row in range(start, min(start + CHUNK, count)):
            picture, points = read_picture(row), landmarks[row]
            if picture is None:
                raise DataError(f"{name}: the pictures are missing, so they cannot be classified")
            crops.append(crop_face(picture, points, card.preprocessing).crop)
        pixels = torch.from_numpy(np.stack(crops))
        predictions = predict(network, card, pixels, device)
        logits.append(predictions.logits[:, order])
        features.append(predictions.features.astype(np.float16))
    return np.concatenate(logits), np.concatenate(features)
