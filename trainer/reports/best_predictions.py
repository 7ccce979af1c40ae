"""What the best model of a run predicted for the validation samples, from the run's files."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import read_arrays
from trainer.errors import DataError
from trainer.evaluation.intervals import Interval, bootstrap_intervals, wilson
from trainer.evaluation.metrics import Ints
from trainer.reports.run_records import RunRecord
from trainer.training.val_history import read_val_history


@dataclass(frozen=True, slots=True)
class BestPredictions:
    """Logits (N, K) of samples, whose identity and labels are (N,)."""

    sample_id: NDArray[np.str_]
    label: Ints
    logits: NDArray[np.floating[Any]]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.logits.argmax(axis=1) == self.label)

    def has_samples_of(self, other: "BestPredictions") -> bool:
        """Whether both are of the same samples with the same labels, in the same order."""
        return np.array_equal(self.sample_id, other.sample_id) and np.array_equal(
            self.label, other.label
        )


def best_predictions(record: RunRecord, split: str) -> BestPredictions | None:
    """Those of the best model: on val by the run itself, on test by `fertrain evaluate`.

    None where they were not kept, or are of another model. Raises DataError for a damaged file.
    """
    return _of_training(record) if split == "val" else _of_evaluation(record, split)


def best_intervals(record: RunRecord) -> dict[str, Interval]:
    """95 % intervals of the best model's figures on val, as far as the run's files tell them."""
    best = _of_training(record)
    if best is not None:
        temperature = record.best.get("temperature")
        found = bootstrap_intervals(best.logits, best.label, temperature or 1.0)
        return found if temperature else {k: v for k, v in found.items() if k != "ece"}
    n, accuracy = val_count(record), record.best.get("accuracy")
    if not n or accuracy is None:
        return {}
    return {"accuracy": wilson(round(accuracy * n), n)}


def val_count(record: RunRecord) -> int | None:
    """The validation samples of the best model's figures; None where they are not stated."""
    if record.best.get("n") is not None:
        return int(record.best["n"])
    confusion = record.best.get("confusion")
    return int(np.sum(confusion)) if confusion else None


def _of_training(record: RunRecord) -> BestPredictions | None:
    history = read_val_history(record.run)
    if history is None:
        return None
    places = np.flatnonzero(history.epochs == record.best.get("epoch", -1))
    if not len(places):
        return None
    found = BestPredictions(history.sample_id, history.label, history.logits[places[0]])
    # a validation within an epoch may be the best one, and the history has its last one
    is_best = int(found.right.sum()) == round(record.best["accuracy"] * len(found.label))
    return found if is_best else None


def _of_evaluation(record: RunRecord, split: str) -> BestPredictions | None:
    file = record.run.eval(split) / "predictions.npz"
    if not file.is_file():
        return None
    try:
        arrays = read_arrays(file)
        return BestPredictions(arrays["sample_id"], arrays["label"], arrays["logits"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{file}: the predictions cannot be read ({error})") from error
