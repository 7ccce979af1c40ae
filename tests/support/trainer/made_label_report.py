"""A report of label errors with a stated number of suspects and a stated error rate."""

import numpy as np

from trainer.evaluation.label_errors import LabelReport, Suspect

CLASSES = ("happy", "sad", "neutral")


def made_report(count: int, suspects: int, error_rate: float) -> LabelReport:
    """All labelled happy: the suspects, every fifth row, sad with 0.85, the others surely."""
    rows = np.arange(suspects) * 5
    probabilities = np.tile([1.0, 0.0, 0.0], (count, 1))
    probabilities[rows] = [0.1, 0.85, 0.05]
    ids = [f"my pictures/{row:03d} 50%.png" for row in range(count)]
    return LabelReport(
        data="made",
        split="train",
        classes=CLASSES,
        folds=5,
        features_of="default",
        suspects=tuple(
            Suspect(
                sample_id=ids[row],
                source_index=int(row),
                split="train",
                label="happy",
                suggested="sad",
                p_label=0.1,
                p_suggested=0.85,
                score=0.75,
                neighbours=(ids[(row + 1) % count], ids[(row + 2) % count]),
            )
            for row in rows
        ),
        rows=rows,
        sample_id=np.array(ids),
        source_index=np.arange(count),
        label=np.zeros(count, np.int64),
        votes=np.full((count, 3), np.nan, np.float32),
        probabilities=probabilities,
        features=np.zeros((count, 4), np.float16),
        neighbours=np.zeros((count, 5), np.int64),
        joint=np.array([[1 - error_rate, error_rate, 0], [0, 0, 0], [0, 0, 0]]),
    )
