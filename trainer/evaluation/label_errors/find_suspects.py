"""Finds the labels of a split that are probably wrong, by features of a frozen model."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.data.face_data import FaceData
from trainer.errors import DataError, UsageError
from trainer.evaluation.label_errors.confident_learning import (
    RankedSuspects,
    confident_joint,
    joint_distribution,
    rank_suspects,
)
from trainer.evaluation.label_errors.label_report import LabelReport, Suspect
from trainer.evaluation.metrics import Floats, Ints
from trainer.model_index import find_model, model_reference

if TYPE_CHECKING:
    from trainer.data.landmark_detection import Progress

SHOWN_NEIGHBOURS = 5
VOTING_NEIGHBOURS = 50
NEIGHBOUR_WEIGHT = 0.5  # of the neighbours' labels, the rest is the head's
COPY_WEIGHT = 0.5  # of the labels of near duplicates, the rest is everything else


def find_suspects(
    data: FaceData,
    *,
    split: str = "train",
    folds: int = 5,
    features: str | Path = "default",
    device: str = "auto",
    report: "Progress" = lambda *_: None,
) -> LabelReport:
    """Which labels of a split are probably wrong, and how many.

    A head learns the labels from the `features` of a frozen model: a bundled name, a file or a
    run's directory, whatever its classes are. The head that predicts a fold has learned the others;
    near duplicates are always in one fold. The labels of the nearest neighbours count too, and
    those of near duplicates. Confident learning ranks what follows.

    `report(stage, done, total)` tells how far it is; an exception that it raises ends the search.
    Takes seconds to minutes. Raises UsageError where data, folds or features do not fit together.
    """
    faces = data.of_split(split)
    faces = faces.select(faces.label >= 0)
    _check(faces, split, folds)
    file = find_model(str(features))

    from trainer.device import resolve_device
    from trainer.evaluation.label_errors import out_of_fold, similar_samples
    from trainer.evaluation.label_errors.frozen_features import frozen_features

    def stage(name: str) -> Callable[[int, int], None]:
        return lambda done, total: report(name, done, total)

    vectors = frozen_features(faces, file, resolve_device(device), stage("features"))
    pictures = similar_samples.small_pictures(faces)
    group = similar_samples.duplicate_groups(pictures, stage("near duplicates"))
    neighbours, _ = similar_samples.nearest(vectors, VOTING_NEIGHBOURS, stage("neighbours"))
    fold = out_of_fold.stratified_folds(faces.label, group, folds)
    _check_copies(faces, fold)
    label, classes = faces.label, len(faces.classes)
    by_head = out_of_fold.head_probabilities(vectors, label, fold, classes, stage("folds"))
    by_neighbours = similar_samples.neighbour_shares(label, neighbours, group, classes)
    by_copies = similar_samples.copy_shares(label, group, classes)
    probabilities = _mix(_mix(by_head, by_neighbours, NEIGHBOUR_WEIGHT), by_copies, COPY_WEIGHT)

    ranked = rank_suspects(probabilities, label)
    joint = confident_joint(probabilities, label)
    shown = neighbours[:, :SHOWN_NEIGHBOURS]
    return LabelReport(
        data=faces.name,
        split=split,
        classes=faces.classes,
        folds=folds,
        features_of=model_reference(file),
        suspects=_suspects(faces, probabilities, ranked, shown),
        rows=ranked.rows,
        sample_id=faces.sample_id,
        source_index=faces.source_index,
        label=label,
        votes=faces.votes,
        probabilities=probabilities,
        features=vectors,
        neighbours=shown,
        joint=joint_distribution(joint, np.bincount(label, minlength=classes)),
        unlike_copies=int((by_copies[np.arange(len(label)), label] < 1).sum()),
    )


def _check(faces: FaceData, split: str, folds: int) -> None:
    """Raise UsageError where the labels cannot be checked in so many folds."""
    if faces.clip is not None:
        raise UsageError(f"{faces.name}: labels are checked on single pictures, not on clips")
    if folds < 2:
        raise UsageError(f"{folds} folds: at least 2 are needed")
    counts = np.bincount(faces.label, minlength=len(faces.classes))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        names = ", ".join(faces.classes[k] for k in present) or "none"
        raise UsageError(
            f"{faces.name}: the split {split} has samples of fewer than two classes ({names})",
            "A label can only be wrong where there is another class.",
        )
    fewest = min(present, key=lambda k: counts[k])
    if counts[fewest] < folds:
        few, name = counts[fewest], faces.classes[fewest]
        raise UsageError(
            f"{faces.name}: {folds} folds, and {split} has only {few} of the class {name}",
            (f"Take {few} folds, or leave" if few > 1 else "Leave")
            + " that class out with --classes.",
        )


def _check_copies(faces: FaceData, fold: Ints) -> None:
    """Raise DataError where a class is in one fold only: no other fold teaches it."""
    for k, name in enumerate(faces.classes):
        if len(set(fold[faces.label == k].tolist())) == 1:
            raise DataError(
                f"{faces.name}: all pictures of the class {name} are near duplicates of each other",
                "Add other pictures of it, or leave it out with --classes.",
            )


def _mix(probabilities: Floats, shares: Floats, weight: float) -> Floats:
    """Where `shares` are known they count by `weight`."""
    mixed = (1 - weight) * probabilities + weight * shares
    return np.where(np.isnan(shares), probabilities, mixed)


def _suspects(
    faces: FaceData, probabilities: Floats, ranked: RankedSuspects, neighbours: Ints
) -> tuple[Suspect, ...]:
    ids = faces.sample_id.tolist()
    return tuple(
        Suspect(
            sample_id=ids[row],
            source_index=int(faces.source_index[row]),
            split=str(faces.split[row]),
            label=faces.classes[faces.label[row]],
            suggested=faces.classes[suggested],
            p_label=float(probabilities[row, faces.label[row]]),
            p_suggested=float(probabilities[row, suggested]),
            score=float(score),
            neighbours=tuple(ids[other] for other in neighbours[row]),
        )
        for row, suggested, score in zip(
            ranked.rows.tolist(), ranked.suggested.tolist(), ranked.score, strict=True
        )
    )
