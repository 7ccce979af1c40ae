"""Features of faces by a frozen model, kept on disk."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.data.array_files import check_arrays, read_arrays
from trainer.data.crops import align_all
from trainer.data.face_data import FaceData
from trainer.errors import UsageError
from trainer.evaluation.predictions import Progress, no_progress, predict
from trainer.model_index import file_sha256
from trainer.models.model_file import load_model
from trainer.stored_results import mark_used, results_folder, store_result


def frozen_features(
    data: FaceData, model: Path, device: torch.device, progress: Progress = no_progress
) -> NDArray[np.float16]:
    """(N, d) what the model's last layer classifies, for each face of `data`.

    They are computed once for the same pictures, landmarks and model, whatever the labels are.
    Raises UsageError for a model that reads clips.
    """
    file = cache_file(data, model)
    stored = _read(file, len(data))
    if stored is not None:
        return stored
    network, card = load_model(model, device)
    if network.reads_clips:
        raise UsageError(
            f"{model}: it reads clips, and labels are checked on single pictures",
            "Name a model for pictures with --features.",
        )
    crops = align_all(data, card.preprocessing)
    values = predict(network, card, crops.pixels, device, progress=progress).features
    progress(len(data), len(data))
    features = values.astype(np.float16)
    store_result(file, lambda stream: np.savez(stream, feature=features))
    return features


def cache_file(data: FaceData, model: Path) -> Path:
    """The file in the user's cache, named by the content of the pictures and of the model."""
    key = hashlib.sha256(file_sha256(model).encode())
    for image in data.images:
        key.update(f"{image.shape}".encode())
        key.update(image.tobytes())
    key.update(data.landmarks.tobytes())
    return results_folder("features") / f"{key.hexdigest()[:32]}.npz"


def _read(file: Path, count: int) -> NDArray[np.float16] | None:
    """The features of `count` faces; None where they are not stored, or damaged."""
    try:
        stored = read_arrays(file)
        check_arrays(stored, {"feature": ("f", 2)})
    except (OSError, ValueError):
        return None
    if len(stored["feature"]) != count:
        return None
    mark_used(file)
    return np.asarray(stored["feature"], np.float16)
