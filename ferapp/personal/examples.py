"""The store of labelled pictures of the user's own face. Nothing is stored without consent.

`personal/` in the user's data folder, readable by its owner alone, holds everything about a person:
`consent.json`, `examples/<split>/<class>/<take>-<picture>.png` (class folders, as `fertrain` reads
them), `prepared/` (the same for the trainer) and `runs/` with the models trained on them.
`stored_data` deletes all of it.

Pictures of one take look alike, so a take is never split between training and `val`: of every
three takes the second is held out.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import platformdirs

from trainer.errors import FerError
from trainer.files import json_text, write_atomic
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model, read_card

OWNER_ONLY, OWNER_FILE = 0o700, 0o600
TAKES = 3  # of each class, of which the second is held out
CONSENT_FORMAT = 1


class ExamplesError(FerError):
    """Why examples are not stored, or cannot be used."""


@dataclass(frozen=True, slots=True)
class ExampleCount:
    """Pictures of one class by split, and the number of takes."""

    train: int = 0
    val: int = 0
    takes: int = 0


def personal_folder() -> Path:
    return Path(platformdirs.user_data_dir("ferapp")) / "personal"


def picture_side() -> int:
    """Side of the stored pictures in pixels: the crop size of the model `default`."""
    return read_card(find_model("default")).preprocessing.crop_size


class ExampleStore:
    """Writes, counts and deletes examples. Nothing is written before `consent`."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or personal_folder()
        self.pictures = self.root / "examples"
        self.prepared = self.root / "prepared"
        self.runs = self.root / "runs"
        self._consent_file = self.root / "consent.json"

    @property
    def has_consent(self) -> bool:
        return self._consent_file.is_file()

    def consent(self) -> None:
        """Record that the person agreed, and when. Raises ExamplesError."""
        record = {
            "format": CONSENT_FORMAT,
            "given": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "to": "keeping pictures of the face as examples, to train a model on this computer",
        }
        try:
            self._make_folder(self.root)
            _write(self._consent_file, json_text(record, indent=2).encode())
        except OSError as error:
            raise self._write_error("Your consent could not be recorded", error) from error

    def counts(self) -> dict[str, ExampleCount]:
        """For every class, also those without examples."""
        return {name: self._count(name) for name in EXPRESSIONS}

    def add(self, expression: str, pictures: Sequence[bytes]) -> ExampleCount:
        """Store one more take, whole or not at all: PNG files, each a picture of the face.

        Raises ExamplesError without consent, or when they cannot be written.
        """
        if not self.has_consent:
            raise ExamplesError(
                "Nothing is stored without consent", "Agree first to what is stored, and where."
            )
        take = max(self._takes(expression), default=0) + 1
        folder = self.pictures / split_of(take) / expression
        files = [folder / f"{take:03d}-{number}.png" for number in range(len(pictures))]
        try:
            self._make_folder(folder)
            for file, content in zip(files, pictures, strict=True):
                _write(file, content)
        except OSError as error:
            for file in files:
                file.unlink(missing_ok=True)
            raise self._write_error("These pictures could not be stored", error) from error
        return self._count(expression)

    def undo(self, expression: str) -> ExampleCount:
        """Delete the last take of a class. Raises ExamplesError."""
        takes = self._takes(expression)
        try:
            for file in takes.get(max(takes, default=0), []):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise self._write_error("The last pictures could not be deleted", error) from error
        return self._count(expression)

    def missing(self) -> str:
        """What is still needed for training, as a sentence; "" when there is enough."""
        usable = [name for name, count in self.counts().items() if count.train and count.val]
        if len(usable) >= 2:
            return ""
        return "Record at least two expressions twice each: one of the two takes is held out."

    def _takes(self, expression: str) -> dict[int, list[Path]]:
        """The files of each take, by its number."""
        takes: dict[int, list[Path]] = {}
        for file in sorted(self.pictures.glob(f"*/{expression}/*.png")):
            number = file.name.partition("-")[0]
            if number.isdecimal():
                takes.setdefault(int(number), []).append(file)
        return takes

    def _count(self, expression: str) -> ExampleCount:
        takes = self._takes(expression)
        val = sum(len(files) for take, files in takes.items() if split_of(take) == "val")
        return ExampleCount(sum(map(len, takes.values())) - val, val, len(takes))

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and its parents down from `root`, for the owner alone."""
        self.root.parent.mkdir(parents=True, exist_ok=True)
        inner = folder.relative_to(self.root)
        for part in (self.root, *(self.root / part for part in reversed([inner, *inner.parents]))):
            part.mkdir(mode=OWNER_ONLY, exist_ok=True)
            os.chmod(part, OWNER_ONLY)  # regardless of the umask and of earlier permissions

    def _write_error(self, what: str, error: OSError) -> ExamplesError:
        reason = error.strerror or str(error)
        return ExamplesError(
            f"{what}: {reason}", f"Free some space, or allow writing, in {self.root.parent}."
        )


def split_of(take: int) -> str:
    """`val` for the second of every three takes, counted from 1, else `train`."""
    return "val" if take % TAKES == 2 else "train"


def _write(file: Path, content: bytes) -> None:
    write_atomic(file, partial(_write_to, content), OWNER_FILE)


def _write_to(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)
