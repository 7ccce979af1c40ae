"""Opens the epochs of an evaluation's run. Slow: run it in a task queue."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.review.epochs.learning_history import LearningHistory
from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.runs.run_reader import RunReader
from trainer.errors import DataError
from trainer.training.run_dir import RunDir
from trainer.training.val_history import ValHistory, read_val_history


@dataclass(frozen=True, slots=True)
class EpochWeights:
    """A model file of one epoch, and when it was written (ns): training may write it again."""

    file: Path
    written: int


@dataclass(frozen=True, slots=True)
class OpenedEpochs:
    """The epochs of a run, for the samples that an opened evaluation shares with them.

    `samples` are those, by the last epoch; `rows` (N,) are their rows in the evaluation.
    `best_epoch` is that of the run's best model, −1 where it is unknown. `weights` are by epoch,
    of those whose model was kept. `is_active` says that epochs may still be added.
    """

    run: Path
    learning: LearningHistory
    samples: Evaluation
    rows: NDArray[np.int64]
    best_epoch: int
    weights: dict[int, EpochWeights]
    is_active: bool

    @property
    def split(self) -> str:
        return str(self.samples.split[0])

    def at(self, position: int) -> Evaluation:
        """What the epoch at this position predicts, uncalibrated."""
        return replace(self.samples, logits=self.learning.logits[position])


def open_epochs(opened: OpenedEvaluation) -> OpenedEpochs:
    """Raises DataError, with the reason, where nothing is known of the epochs."""
    run = _run_of(opened)
    if run is None:
        raise DataError("Only training runs have epochs", "Open a run to see its epochs.")
    history = read_val_history(run)
    if history is None:
        raise DataError(
            f"{run.path.name} has recorded no epochs: it was trained by an earlier version, "
            "or has not validated yet",
            "Train it again to record them: “Duplicate…” on the Train page copies its settings.",
        )
    in_history, rows = _common_samples(history, opened.evaluation)
    if not len(rows):
        raise DataError(
            "What is open are other samples than those that the epochs were validated on",
            "Open the run's validation split (val) to see its epochs.",
        )
    learning = LearningHistory(
        history.epochs, history.label[in_history], history.logits[:, in_history]
    )
    _ = learning.scores, learning.forgetting_events  # computed here, not in the window
    before = opened.evaluation
    samples = Evaluation(
        before.name,
        before.classes,
        before.sample_id[rows],
        before.source_index[rows],
        before.split[rows],
        learning.label,
        learning.logits[-1],
        before.landmarks[rows],
        before.votes[rows],
    )
    snapshot = RunReader(run.path).read(curves=False)
    best_epoch = snapshot.best.epoch if snapshot.best is not None else -1
    return OpenedEpochs(
        run.path, learning, samples, rows, best_epoch, _kept_weights(run), snapshot.is_active
    )


def _run_of(opened: OpenedEvaluation) -> RunDir | None:
    """The run that was opened, or whose folder `eval` has the opened evaluation."""
    path = Path(opened.source).expanduser().absolute()
    for folder in (path, *path.parents[:3]):
        if RunDir(folder).config.is_file():
            return RunDir(folder)
    return None


def _common_samples(
    history: ValHistory, evaluation: Evaluation
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the common samples: in the history, and in the evaluation, in its order."""
    place_of = {name: place for place, name in enumerate(history.sample_id.tolist())}
    pairs = [
        (place_of[name], row)
        for row, name in enumerate(evaluation.sample_id.tolist())
        if name in place_of
    ]
    places = np.array(pairs, np.int64).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def _kept_weights(run: RunDir) -> dict[int, EpochWeights]:
    kept = {}
    for file in run.best.parent.glob("epoch-[0-9]*.safetensors"):
        with suppress(OSError):  # just deleted
            epoch = int(file.stem.removeprefix("epoch-"))
            kept[epoch] = EpochWeights(file, file.stat().st_mtime_ns)
    return kept
