"""The quick training on a folder of pictures: its command, and what it came to."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferapp.runs.quick.picture_folder import FolderCheck, data_settings, open_quick_data
from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.training_process import train_arguments
from ferapp.sources.heavy_imports import load_torch
from trainer.evaluation.intervals import wilson
from trainer.files import file_stem
from trainer.labels import canonical
from trainer.training.run_dir import RunDir

RECIPE, REFERENCE = "quick", "default"
# pictures in all passes together, which two free cores learn from in about half a minute
PASSES, MIN_EPOCHS, MAX_EPOCHS = 6000, 4, 20


@dataclass(frozen=True, slots=True)
class ClassHits:
    """Held-out pictures of a class, and how many of them were recognised."""

    name: str
    count: int
    right: int


@dataclass(frozen=True, slots=True)
class QuickResult:
    """What a finished quick training recognises among the held-out pictures.

    `reference_right` is how many the model `default` gets right when it chooses among the same
    classes; None where it does not know them.
    """

    model: Path
    classes: tuple[ClassHits, ...]
    reference_right: int | None = None

    @property
    def count(self) -> int:
        return sum(each.count for each in self.classes)

    @property
    def right(self) -> int:
        return sum(each.right for each in self.classes)

    @property
    def chance(self) -> float:
        """Held-out pictures that guessing would get right, on average."""
        return self.count / max(len(self.classes), 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, of the share that is right; for other pictures of the same kind."""
        return wilson(self.right, self.count)


def quick_epochs(faces: int) -> int:
    """Passes over so many pictures that take about half a minute on two cores."""
    return min(MAX_EPOCHS, max(MIN_EPOCHS, PASSES // max(faces, 1)))


def quick_arguments(check: FolderCheck, runs: Path) -> list[str]:
    """The arguments after `fertrain`."""
    settings = [
        f"data.{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in data_settings(check.class_names).items()
    ]
    settings.append(f"optim.epochs={quick_epochs(check.faces)}")
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in file_stem(check.path.stem))
    return train_arguments(RECIPE, check.path, name or RECIPE, settings, runs)


def quick_result(run: RunSnapshot) -> QuickResult | None:
    """None unless the training is done.

    Its model is that of the last epoch: of the best, the held-out pictures would have chosen the
    epoch, and their count would flatter it.
    """
    confusion = run.validations[-1].confusion if run.validations else None
    model = RunDir(run.path).last
    if run.state != "done" or confusion is None or not model.is_file():
        return None
    classes = tuple(
        ClassHits(name, int(confusion[row].sum()), int(confusion[row, row]))
        for row, name in enumerate(run.config.data.classes if run.config else ())
    )
    return QuickResult(model, classes)


def reference_right(check: FolderCheck) -> int | None:
    """How many held-out pictures the model `default` gets right, among the folder's classes.

    None where a class is none of its own, or two are the same. Slow: run it in a task queue.
    """
    names = [canonical(name) for name in check.class_names]
    if None in names or len(set(names)) < len(names):
        return None
    load_torch()
    from trainer.data.crops import align_all
    from trainer.device import resolve_device
    from trainer.evaluation.predictions import predict
    from trainer.model_index import find_model
    from trainer.models.model_file import load_model

    held_out = open_quick_data(check.path, check.class_names).with_faces().of_split("val")
    device = resolve_device("cpu")
    model, card = load_model(find_model(REFERENCE), device)
    crops = align_all(held_out, card.preprocessing)
    logits = predict(model, card, crops.pixels, device).logits
    own = [card.classes.index(str(name)) for name in names]
    return int((np.argmax(logits[:, own], axis=1) == held_out.label).sum())
