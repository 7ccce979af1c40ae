"""Small evaluations of a training split with suspects, whose pictures are plain greys."""

from pathlib import Path

import numpy as np

from ferapp.review.diagnosis import Diagnosis
from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from trainer.data.face_data import FaceData
from trainer.evaluation.label_errors import LabelReport, Suspect
from trainer.labels import EXPRESSIONS

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def grey(row: int) -> int:
    return 20 + 10 * (row % 20)


def opened_training(
    folder: Path, count: int = 20, split: str = "train", run: Path | None = None
) -> OpenedEvaluation:
    """All labelled happy; row k is a plain picture of `grey(k)`."""
    label = np.full(count, HAPPY)
    landmarks = np.full((count, 68, 2), np.nan, np.float32)
    ids = np.array([f"{split}-{row:05d}" for row in range(count)])
    splits, numbers = np.full(count, split), np.arange(count)
    votes = np.zeros((count, 7), np.float32)
    votes[:, SAD], votes[:, HAPPY] = 0.7, 0.3
    evaluation = Evaluation(
        "made", EXPRESSIONS, ids, numbers, splits, label,
        np.eye(7, dtype=np.float32)[label], landmarks, votes,
    )  # fmt: skip

    def read_picture(row: int) -> np.ndarray:
        return np.full((48, 48), grey(row), np.uint8)

    data = FaceData(
        "made", EXPRESSIONS, np.zeros((count, 1, 1), np.uint8), ids, numbers, splits, label,
        landmarks, votes,
    )  # fmt: skip
    return OpenedEvaluation(
        "made", evaluation, read_picture, None, folder / "review.jsonl", data=data, run=run,
        splits=("train", "val"),
    )  # fmt: skip


def diagnosis(opened: OpenedEvaluation, suspects: int, error_rate: float = 0.25) -> Diagnosis:
    """The first rows are suspects, suggested sad; the five most similar faces are the next ones."""
    shown, rows = opened.evaluation, np.arange(suspects)
    ids, count = shown.sample_id.tolist(), len(shown)
    near = [tuple((row + step) % count for step in range(1, 6)) for row in rows.tolist()]
    joint = np.zeros((7, 7))
    joint[HAPPY, HAPPY], joint[HAPPY, SAD] = 1 - error_rate, error_rate
    report = LabelReport(
        data="made",
        split=opened.split,
        classes=EXPRESSIONS,
        folds=5,
        features_of="default",
        suspects=tuple(
            Suspect(
                ids[row],
                row,
                opened.split,
                "happy",
                "sad",
                0.05,
                0.9,
                0.85,
                tuple(ids[each] for each in near[row]),
            )
            for row in rows.tolist()
        ),
        rows=rows,
        sample_id=shown.sample_id,
        source_index=shown.source_index,
        label=shown.label,
        votes=shown.votes,
        probabilities=np.full((count, 7), 1 / 7),
        features=np.zeros((count, 4), np.float16),
        neighbours=(np.arange(count)[:, None] + np.arange(1, 6)) % count,
        joint=joint,
    )
    return Diagnosis(report, tuple(rows.tolist()), tuple(near))
