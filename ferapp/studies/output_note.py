"""The note beside an output: what it was made from, and whether it is complete.

`faces.csv.json` stands beside `faces.csv`, `seen.mp4.json` beside `seen.mp4`. By its note a table
is continued only with the source, model and frames that it was begun with, and a table or video is
replaced without --overwrite only when this command made and finished it.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ferapp.sources.base import FrameSource
from ferapp.studies.face_edits import edits_file
from ferapp.vision.analysis_options import FaceSearch
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_table import COLUMNS
from ferapp.vision.file_hash import file_hash
from trainer.errors import UsageError
from trainer.file_lock import lock_file
from trainer.files import write_json

REPLACE_HINT = "Choose another file, or use --overwrite to replace it."
TABLE_HEAD = ",".join(COLUMNS).encode() + b","  # what every table of faces begins with
HEAD_BYTES = 4096  # more than the head of a table
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"


@dataclass(frozen=True, slots=True)
class Origin:
    """What an output is made from. `content` is a hash of the source's file names and sizes."""

    source: str
    content: str
    model: str
    model_sha256: str
    prior: str | dict[str, float]  # trained, balanced, or class → share
    every: int
    faces: int
    small_faces: str  # auto or off
    rotate: int  # degrees clockwise that turn the pictures upright


ORIGIN_FIELDS = frozenset(Origin.__dataclass_fields__)


def origin_of(
    place: Path,
    source: FrameSource,
    classifier: Classifier,
    every: int,
    search: FaceSearch,
    outputs: Sequence[Path],
) -> Origin:
    """`place` is the file or folder of the source, where it has one.

    The outputs, their notes and corrections may lie in that folder, not as part of the source.
    """
    model_sha256 = file_hash(classifier.path) or ""
    name = classifier.card.name
    prior = classifier.prior.as_json()
    content = content_of(place, outputs)
    return Origin(source.name, content, name, model_sha256, prior, every, **asdict(search))


def content_of(place: Path, outputs: Sequence[Path] = ()) -> str:
    """A hash of the names and sizes of the files at `place`, see `origin_of`."""
    files = [place] if place.is_file() else []
    if place.is_dir():
        written = {
            file.name
            for output in (path.resolve() for path in outputs)
            if place.samefile(output.parent)
            for file in (output, OutputNote(output).path, lock_file(output), edits_file(output))
        }
        files = sorted(file for file in place.iterdir() if file.name not in written)
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size if file.is_file() else 0
        digest.update(os.fsencode(file.name) + f" {size}\n".encode())
    return digest.hexdigest()


class OutputNote:
    """The JSON file beside an output."""

    def __init__(self, output: Path) -> None:
        self._output = output
        resolved = output.resolve()
        self.path = resolved.with_name(f"{resolved.name}.json")

    def begin(self, origin: Origin, place: Path, **details: Any) -> None:
        """Note what the output is made from, where that lay, by what and when.

        The output counts as unfinished from now on. Raises UsageError.
        """
        note = {
            "path": str(place.resolve()) if place.exists() else "",
            "app": f"ferapp {metadata.version('ferapp')}",
            "begun": time.strftime(TIME_FORMAT),
            "finished": None,
        }
        try:
            write_json(self.path, asdict(origin) | note | details)
        except OSError as error:
            raise UsageError(
                f"{self._output}: its note {self.path.name} cannot be written ({error.strerror})"
            ) from error

    def read(self) -> dict[str, Any]:
        """The note; empty where it is missing, damaged, or not ours."""
        try:
            note = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return note if isinstance(note, dict) and note.keys() >= ORIGIN_FIELDS else {}

    def set_finished(self, finished: bool, **details: Any) -> None:
        """Note whether the output is complete. Raises OSError."""
        moment = time.strftime(TIME_FORMAT) if finished else None
        write_json(self.path, self.read() | {"finished": moment} | details)

    def check_ours(self) -> None:
        """Raise UsageError where writing the note would replace a file that is not a note."""
        if self.path.exists() and not self.read():
            raise UsageError(
                f"{self.path}: exists and is not a note of this command, but would be replaced "
                "by one",
                "Choose another name for the output, or use --overwrite to replace both.",
            )


def check_table_replaceable(table: Path) -> None:
    """Raise UsageError where a new `table` would replace more than a finished table of faces.

    What is not a file, such as a pipe, is written to.
    """
    note = OutputNote(table)
    if not _has_content(table):
        if table.is_file() or not table.exists():
            note.check_ours()
        return
    with table.open("rb") as stream:
        is_table = stream.readline(HEAD_BYTES).startswith(TABLE_HEAD)
        has_rows = bool(stream.read(1))
    if not is_table:
        raise UsageError(f"{table}: exists and is not a table of faces", REPLACE_HINT)
    content = note.read()
    if not content:
        raise UsageError(
            f"{table}: exists, and {note.path.name}, which says whether it is finished, is missing "
            "or damaged",
            REPLACE_HINT,
        )
    if has_rows and not content.get("finished"):
        raise UsageError(
            f"{table}: exists and is not finished",
            "Use --resume to continue it, --overwrite to replace it, or choose another file.",
        )


def check_video_replaceable(video: Path) -> None:
    """Raise UsageError where a new `video` would replace more than a finished video of ours.

    Its size must be the one noted when it was finished: another program may have written to the
    same name since.
    """
    note = OutputNote(video)
    if not _has_content(video):
        note.check_ours()
        return
    content = note.read()
    if not content:
        raise UsageError(
            f"{video}: exists, and no {note.path.name} beside it says that this command made it",
            REPLACE_HINT,
        )
    if not content.get("finished"):
        raise UsageError(f"{video}: exists and is not finished", REPLACE_HINT)
    if content.get("bytes") != video.stat().st_size:
        raise UsageError(f"{video}: was changed after this command wrote it", REPLACE_HINT)


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0
