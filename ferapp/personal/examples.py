"""Labelled pictures of one's own face, kept with consent. No Qt; `live.kept` deletes them.

`personal/` in the user's data folder, for its owner alone, has everything that is about a person:
`consent.json`, `examples/<split>/<class>/<take>-<picture>.png` (class folders, as `fertrain` reads
them), `prepared/` (the same for the trainer) and `runs/` with the models trained on them.

Pictures of one take look alike, so a take is never shared between training and `val`: of every
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
TAKES = 3  # of a class in all, of which the second is held out
CONSENT_FORMAT = 1


class ExamplesError(FerError):
    """Why examples are not kept, or are not what they should be."""


@dataclass(frozen=True, slots=True)
class Count:
    """Pictures of one class, and the takes they came in."""

    train: int = 0
    val: int = 0
    takes: int = 0


def personal_folder() -> Path:
    return Path(platformdirs.user_data_dir("ferapp")) / "personal"


def picture_side() -> int:
    """Of the pictures that are kept, in pixels: what the model `default` is fed."""
    return read_card(find_model("default")).preprocessing.crop_size


class Examples:
    """The store. Nothing is written before `consent`."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or personal_folder()
        self.pictures = self.root / "examples"
        self.prepared = self.root / "prepared"
        self.runs = self.root / "runs"
        self._consent = self.root / "consent.json"

    @property
    def has_consent(self) -> bool:
        return self._consent.is_file()

    def consent(self) -> None:
        """Record that the person agreed, and when. Raises ExamplesError."""
        given = {
            "format": CONSENT_FORMAT,
            "given": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "to": "keeping pictures of the face as examples, to train a model on this computer",
        }
        try:
            self._make(self.root)
            _write(self._consent, json_text(given, indent=2).encode())
        except OSError as error:
            raise self._refusal("The consent cannot be noted", error) from error

    def counts(self) -> dict[str, Count]:
        """Of all classes, also those without examples."""
        return {name: self._count(name) for name in EXPRESSIONS}

    def add(self, expression: str, pictures: Sequence[bytes]) -> Count:
        """Keep one more take, all of it or nothing: PNG files, each a picture of the face.

        Raises ExamplesError without consent, or when they cannot be written.
        """
        if not self.has_consent:
            raise ExamplesError(
                "Nothing is kept without consent", "Agree first to what is stored, and where."
            )
        take = max(self._takes(expression), default=0) + 1
        folder = self.pictures / split_of(take) / expression
        files = [folder / f"{take:03d}-{number}.png" for number in range(len(pictures))]
        try:
            self._make(folder)
            for file, content in zip(files, pictures, strict=True):
                _write(file, content)
        except OSError as error:
            for file in files:
                file.unlink(missing_ok=True)
            raise self._refusal("These pictures are not kept", error) from error
        return self._count(expression)

    def undo(self, expression: str) -> Count:
        """Delete the last take of a class. Raises ExamplesError."""
        takes = self._takes(expression)
        try:
            for file in takes.get(max(takes, default=0), []):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise self._refusal("The last pictures are still there", error) from error
        return self._count(expression)

    def missing(self) -> str:
        """What a training lacks, in words; "" when there is enough."""
        usable = [name for name, count in self.counts().items() if count.train and count.val]
        if len(usable) >= 2:
            return ""
        return "Needed are at least two expressions with two takes each: one of them is held out."

    def _takes(self, expression: str) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        for file in sorted(self.pictures.glob(f"*/{expression}/*.png")):
            number = file.name.partition("-")[0]
            if number.isdecimal():
                found.setdefault(int(number), []).append(file)
        return found

    def _count(self, expression: str) -> Count:
        takes = self._takes(expression)
        val = sum(len(files) for take, files in takes.items() if split_of(take) == "val")
        return Count(sum(map(len, takes.values())) - val, val, len(takes))

    def _make(self, folder: Path) -> None:
        """The folder and those around it up to `root`, for the owner alone."""
        self.root.parent.mkdir(parents=True, exist_ok=True)
        inner = folder.relative_to(self.root)
        for each in (self.root, *(self.root / part for part in reversed([inner, *inner.parents]))):
            each.mkdir(mode=OWNER_ONLY, exist_ok=True)
            os.chmod(each, OWNER_ONLY)  # whatever the umask, and whoever made it before

    def _refusal(self, what: str, error: OSError) -> ExamplesError:
        reason = error.strerror or str(error)
        return ExamplesError(
            f"{what}: {reason}", f"Make room, or allow writing, in {self.root.parent}."
        )


def split_of(take: int) -> str:
    """`val` of the second of every three takes, counted from 1."""
    return "val" if take % TAKES == 2 else "train"


def _write(file: Path, content: bytes) -> None:
    write_atomic(file, partial(_put, content), OWNER_FILE)


def _put(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)
