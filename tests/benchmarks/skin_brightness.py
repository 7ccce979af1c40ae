"""Accuracy on faces of dark, middle and bright skin regions, as the pictures show them.

    python tests/benchmarks/skin_brightness.py PREPARED [MODEL …]

Prints a Markdown table of the split val. The brightness is the median grey value between each
eye and the corner of the mouth below it. That is a proxy: it mixes skin with light and camera, and
says nothing about a person. More needs data with attributes that people gave for themselves.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import trainer
from trainer.data.crops import align_all
from trainer.data.prepare import open_data
from trainer.evaluation.intervals import share_text, wilson

GROUPS = ("darkest third", "middle third", "brightest third")


def skin_brightness(crop: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> float:
    """Median grey of both cheeks, from 0 to 255; the (68, 2) landmarks are in the crop's pixels.

    A cheek is the square between the outer eye corner and the corner of the mouth, a quarter of
    their distance wide, on the line between them.
    """
    values = []
    for eye, mouth in ((36, 48), (45, 54)):
        half = max(1.0, np.linalg.norm(landmarks[eye] - landmarks[mouth]) / 8)
        left, top = np.floor((landmarks[eye] + landmarks[mouth]) / 2 - half).astype(int).clip(0)
        side = int(np.ceil(2 * half))
        values.append(crop[top : top + side, left : left + side].ravel())
    return float(np.median(np.concatenate(values)))


def table(prepared: Path, models: list[str]) -> None:
    data = open_data(prepared)
    data = data.select((data.split == "val") & data.has_landmarks)
    print(f"{data.name}, val, {len(data)} faces\n")
    print(
        "| model | skin regions | grey values | accuracy | mean confidence |\n|---|---|---|---|---|"
    )
    for name in models:
        model = trainer.load_model(name)
        aligned = align_all(data, model.card.preprocessing)
        crops = np.asarray(aligned.pixels[:])
        faces = zip(crops, aligned.landmarks.numpy(), strict=True)
        brightness = np.array([skin_brightness(crop, points) for crop, points in faces])
        predictions = trainer.evaluate(model, prepared).predictions.set_index("sample_id")
        rows = predictions.loc[list(data.sample_id)]
        right = (rows.label == rows.predicted).to_numpy()
        limits = np.quantile(brightness, (1 / 3, 2 / 3))
        group = np.digitize(brightness, limits)
        for index, title in enumerate(GROUPS):
            where = group == index
            hits, count = int(right[where].sum()), int(where.sum())
            print(
                f"| `{name}` | {title} | {brightness[where].min():.0f} to "
                f"{brightness[where].max():.0f} | "
                f"{share_text(hits / count, wilson(hits, count))} | "
                f"{rows.confidence.to_numpy()[where].mean():.1%} |"
            )


if __name__ == "__main__":
    table(Path(sys.argv[1]), sys.argv[2:] or ["default", "accurate"])
