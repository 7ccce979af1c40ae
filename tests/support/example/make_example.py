"""Make `assets/example`, the evaluation that ships: drawn faces and some of the demo clip.

`python tests/support/example/make_example.py`, again whenever the model `default` changes.
"""

import shutil
from pathlib import Path

import cv2
import numpy as np
import torch

from tests.support.example.cartoon import SIDE, cartoon
from trainer.data.face_data import FaceData, save
from trainer.evaluation.evaluate import evaluate
from trainer.faces.align import transform_points
from trainer.faces.landmarker import FaceLandmarker
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model
from trainer.models.model_file import load_model

PER_CLASS = 20
MODEL = "default"
# seconds of the clip in which a person sees this, and how many pictures are taken of them
SEEN = (("sad", 0.5, 4.5, 10), ("happy", 8.5, 11.5, 10))


def main() -> None:
    data = example_data()
    out = asset("example")
    shutil.rmtree(out, ignore_errors=True)
    save(data, out)
    network, card = load_model(find_model(MODEL))
    origin = {"model_file": MODEL, "data_path": "."}
    result = evaluate(network, card, data, torch.device("cpu"), out=out, origin=origin)
    print(f"{out}: {len(data)} samples, accuracy {result['accuracy']:.1%}")


def example_data() -> FaceData:
    draw = np.random.default_rng(0)
    names, images, landmarks, labels = [], [], [], []
    for label, expression in enumerate(EXPRESSIONS):
        for count in range(PER_CLASS):
            image, points = cartoon(expression, draw)
            names.append(f"drawn-{expression}-{count:02d}")
            images.append(image)
            landmarks.append(points)
            labels.append(label)
    for name, label, image, points in _of_clip(asset("demo") / "demo.mp4"):
        names.append(name)
        images.append(image)
        landmarks.append(points)
        labels.append(label)
    return FaceData(
        name="example",
        classes=EXPRESSIONS,
        images=np.stack(images),
        sample_id=np.array(names),
        source_index=np.arange(len(names)),
        split=np.full(len(names), "val"),
        label=np.array(labels, np.int64),
        landmarks=np.stack(landmarks).astype(np.float32),
        votes=np.full((len(names), len(EXPRESSIONS)), np.nan, np.float32),
        landmark_source="files",
    )


def _of_clip(path: Path) -> list[tuple[str, int, np.ndarray, np.ndarray]]:
    """Squares of twice the face's width around the face."""
    found = []
    clip = cv2.VideoCapture(str(path))
    with_faces = FaceLandmarker()
    for expression, start, end, count in SEEN:
        for second in np.linspace(start, end, count):
            clip.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
            good, frame = clip.read()
            faces = with_faces(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)) if good else []
            if not faces:
                raise SystemExit(f"{path}: no face at {second:.1f} s")
            points = faces[0].landmarks
            low, high = points.min(axis=0), points.max(axis=0)
            half = 0.72 * float((high - low).max())
            scale = SIDE / (2 * half)
            corner = (low + high) / 2 - [half, half * 1.1]
            matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
            grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
            image = cv2.warpAffine(
                cv2.GaussianBlur(grey, (0, 0), 0.35 / scale),
                matrix,
                (SIDE, SIDE),
                borderMode=cv2.BORDER_REPLICATE,
            )
            moved = transform_points(matrix.astype(np.float32), points)
            found.append((f"clip-{second:04.1f}s", EXPRESSIONS.index(expression), image, moved))
    with_faces.close()
    clip.release()
    return found


if __name__ == "__main__":
    main()
