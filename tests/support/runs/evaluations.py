"""Small evaluations with known answers, and their files."""

from pathlib import Path

import numpy as np

from ferapp.review.evaluation import Evaluation
from trainer.labels import EXPRESSIONS

ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL = range(7)


def evaluation(
    labels: list[int],
    predicted: list[int],
    sure: list[float] | None = None,
    votes: list[list[float]] | None = None,
    name: str = "made",
) -> Evaluation:
    """Each sample's probability of its prediction is `sure`, the rest is spread evenly."""
    count = len(labels)
    shares = np.array(sure or [0.9] * count)
    p = np.repeat((1 - shares)[:, None] / 6, 7, axis=1)
    p[np.arange(count), predicted] = shares
    return Evaluation(
        name,
        EXPRESSIONS,
        np.array([f"s{i}" for i in range(count)]),
        np.arange(count),
        np.full(count, "val"),
        np.array(labels, np.int64),
        np.log(p).astype(np.float32),
        np.full((count, 68, 2), np.nan, np.float32),
        np.full((count, 7), np.nan, np.float32) if votes is None else np.array(votes, np.float32),
    )


def write(found: Evaluation, folder: Path, **changes: object) -> Path:
    """Its predictions.npz; `changes` replace arrays, None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, object] = {
        "sample_id": found.sample_id,
        "source_index": found.source_index,
        "split": found.split,
        "label": found.label,
        "logits": found.logits,
        "landmarks": found.landmarks,
        "votes": found.votes,
        "temperature": np.float64(found.temperature),
        **changes,
    }
    file = folder / "predictions.npz"
    np.savez(file, **{key: value for key, value in arrays.items() if value is not None})
    return file
