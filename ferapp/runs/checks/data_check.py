"""The check of a data set before training: counts, duplicates, gaps and example pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.task_queue import ReportProgress
from ferapp.sources.heavy_imports import load_opencv
from trainer.config.sections import DataConfig
from trainer.errors import FerError

if TYPE_CHECKING:
    from trainer.data.face_data import FaceData

EXAMPLES_PER_CLASS = 8
# what a check depends on, in the configuration's `data`
CHECKED = (
    *("format", "classes", "class_map", "val_share", "val_seed", "bad_share"),
    *("drop_leaked", "review"),
)
_STAGES = {"reading": "Reading pictures", "landmarks": "Finding landmarks"}
Flaw = Literal["without_landmarks", "leaked", "conflicting"]


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """What a check does, and how far it is; `total` is 0 where that is not known."""

    stage: str
    done: int = 0
    total: int = 0

    @property
    def text(self) -> str:
        extent = f" ({self.done:,} of {self.total:,})" if self.total > 1 else ""
        return f"{_STAGES.get(self.stage, self.stage[:1].upper() + self.stage[1:])}{extent}…"


ReportCheck = Callable[[CheckProgress], None]


@dataclass(frozen=True, slots=True)
class DataChoice:
    """A data set, as it was typed, and how it is read: CHECKED of the configuration's `data`."""

    path: str = ""
    config: DataConfig = field(default_factory=DataConfig)

    @classmethod
    def of(cls, path: str, config: DataConfig) -> "DataChoice":
        return cls(path, DataConfig(**{name: getattr(config, name) for name in CHECKED}))


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What a data set contains.

    `counts` is by split and class; `examples` are a few pictures (h, w) of each class, from
    `train` if there is one. `leaked` counts training pictures that also appear in another split,
    pixel for pixel, `conflicting` those with a copy under another label; `skipped` says which
    files could not be read, and why. `review_problem` says why the review cannot be trained with,
    "" where it can. `data` are the pictures themselves, and `flawed` the rows (M,) with each flaw:
    of `conflicting` all copies, beside each other.
    """

    name: str
    classes: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    samples: int
    without_landmarks: int
    with_votes: int
    leaked: int
    conflicting: int
    skipped: tuple[str, ...]
    examples: dict[str, tuple[NDArray[np.uint8], ...]]
    review_problem: str = ""
    data: "FaceData | None" = None
    flawed: Mapping[Flaw, NDArray[np.int64]] = field(default_factory=dict)

    def class_rows(self, split: str, name: str) -> NDArray[np.int64]:
        """(M,) the rows of a class in a split."""
        if self.data is None:
            return np.zeros(0, np.int64)
        is_class = self.data.label == self.classes.index(name)
        return np.flatnonzero(is_class & (self.data.split == split))

    @property
    def problem(self) -> str:
        """Why it cannot be used for training; "" when it can."""
        for split in ("train", "val"):
            if not self.counts.get(split):
                return f"{self.name} has no split {split!r}, which training needs."
        return self.review_problem


def check_data(choice: DataChoice, report: ReportCheck = lambda _: None) -> DataCheck:
    """Read a data set as a training reads it, preparing it in the cache where needed.

    Slow: run it in a task queue. Raises DataError or UsageError with the reason.
    """
    load_opencv()
    from trainer.data.prepare import open_data
    from trainer.data.reading.read_options import configured_options

    data = open_data(
        Path(choice.path).expanduser(),
        layout=choice.config.format,
        options=configured_options(choice.config),
        progress=lambda *progress: report(CheckProgress(*progress)),
    )
    report(CheckProgress("looking for duplicates"))
    leaked = np.flatnonzero(data.leaked())
    report(CheckProgress("looking for duplicates"))
    conflicting = data.conflicting()
    rng = np.random.default_rng(0)
    is_train = data.split == "train"
    is_candidate = is_train if is_train.any() else np.ones(len(data), bool)
    examples = {}
    for index, name in enumerate(data.classes):
        members = np.flatnonzero(is_candidate & (data.label == index))
        chosen = np.sort(rng.permutation(members)[:EXAMPLES_PER_CLASS])
        examples[name] = tuple(np.asarray(data.images[int(row)], np.uint8) for row in chosen)
    return DataCheck(
        name=data.name,
        classes=data.classes,
        counts=data.class_counts(),
        samples=len(data),
        without_landmarks=int((~data.has_landmarks).sum()),
        with_votes=int((~np.isnan(data.votes[:, 0])).sum()),
        leaked=len(leaked),
        conflicting=len(conflicting),
        skipped=data.skipped,
        examples=examples,
        review_problem=_review_problem(choice, data) if choice.config.review else "",
        data=data,
        flawed={
            "without_landmarks": np.flatnonzero(~data.has_landmarks),
            "leaked": leaked,
            "conflicting": np.concatenate([np.zeros(0, np.int64), *conflicting]),
        },
    )


def _review_problem(choice: DataChoice, data: "FaceData") -> str:
    from trainer.data.training_samples import reviewed_samples

    try:
        reviewed_samples(choice.config, data, Path(choice.config.review).expanduser())
    except FerError as error:
        return str(error)
    return ""


def stage_progress(report: ReportProgress) -> Callable[[str, int, int], None]:
    """The trainer's progress (stage, done, total) as sentences for the user."""

    def progress(stage: str, done: int, total: int) -> None:
        report(CheckProgress(stage, done, total).text)

    return progress
