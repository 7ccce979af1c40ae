"""The files that an analysis writes: a table, a video with overlays, and the note beside each."""

import csv
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ferapp.sources.base import FrameSource
from ferapp.sources.images import FOLDER_FPS
from ferapp.sources.recorded import ShownStimulus
from ferapp.studies.output_note import (
    TIME_FORMAT,
    Origin,
    OutputNote,
    check_table_replaceable,
    check_video_replaceable,
)
from ferapp.studies.stimuli.shown_stimuli import STIMULUS_COLUMNS, stimulus_cells
from ferapp.vision.face_table import QUALITY_COLUMNS, column_meanings, table_rows
from ferapp.vision.types import Analysis, AppliedModel
from trainer.card import ModelCard
from trainer.errors import FerError, UsageError
from trainer.file_lock import only_writer
from trainer.files import check_writable_folder
from trainer.prior import ClassPrior

if TYPE_CHECKING:
    from ferapp.overlays.anonymise import Anonymiser

VIDEO_CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}  # FFmpeg's name by suffix


class FrameOutput(Protocol):
    """Frames in, one after the other; what was added is in the file however the analysis ends."""

    def add(self, analysis: Analysis) -> None: ...

    def finish(self, notes: Sequence[str] = (), skipped: Sequence[str] = ()) -> None:
        """The file is complete: close it and note so, with what the source says of itself.

        `skipped` are the pictures of a folder that could not be read.
        """

    def close(self) -> None:
        """May be called again."""


def check_outputs(
    place: Path, table: Path | None, video: Path | None, *, resume: bool, overwrite: bool
) -> None:
    """Raise UsageError for files that cannot be what they should be, or that would be lost."""
    if video is not None and video.suffix.lower() not in VIDEO_CONTAINERS:
        *others, last = VIDEO_CONTAINERS
        suffixes = f"{', '.join(others)} or {last}"
        raise UsageError(f"{video}: the name of a video must end in {suffixes}")
    if resume and (table is None or video is not None):
        raise UsageError("--resume: only a CSV can be continued", "Name it with --csv.")
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other")
    outputs = [file for file in (table, video) if file is not None]
    for file in outputs:
        if file.exists() and place.exists() and file.samefile(place):
            raise UsageError(f"{file}: this is the source itself")
    written = [path for file in outputs for path in (file.resolve(), OutputNote(file).path)]
    if len(set(written)) < len(written):
        raise UsageError("--csv and --video: one would replace the other", "Choose other names.")
    if overwrite:
        return
    if table is not None and not (resume and table.exists()):
        check_table_replaceable(table)
    if video is not None:
        check_video_replaceable(video)


def check_place(file: Path) -> None:
    """Raise UsageError where a file cannot be created or replaced; what is no file, such as a pipe
    or a terminal, is written as it is.
    """
    if file.is_dir():
        raise UsageError(f"{file}: this is a folder", f"Name a file in it: {file / 'NAME'}")
    if not file.parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.parent}", "Create it first.")
    if not file.exists() or file.is_file():
        check_writable_folder(file.parent)


@contextmanager
def only_analysis(*outputs: Path | None) -> Iterator[None]:
    """Meanwhile no other process may write the outputs. Raises UsageError while one does."""
    with ExitStack() as stack:
        # one that is named twice is refused by `check_outputs`
        for file in {path.resolve(): path for path in outputs if path is not None}.values():
            check_place(file)
            refusal = UsageError(
                f"{file}: another process is writing this file",
                "Wait for its end, stop it with Ctrl+C, or choose another file.",
            )
            stack.enter_context(only_writer(file, refusal))
        yield


class TableOutput:
    """A CSV that has each frame's rows as soon as the frame is added.

    `append` continues an interrupted one. `stimuli` are those shown while the source was recorded.
    What is not a file, such as a pipe, has no note.
    """

    def __init__(
        self,
        file: Path,
        columns: dict[str, str],
        origin: Origin,
        place: Path,
        *,
        append: bool = False,
        stimuli: Sequence[ShownStimulus] = (),
    ) -> None:
        self._file, self._stimuli = file, stimuli
        self._has_file_column = "file" in columns
        try:
            self._stream = file.open("a" if append else "w", encoding="utf-8", newline="")
        except OSError as error:
            raise UsageError(f"{file}: the CSV cannot be written ({error.strerror})") from error
        self._writer = csv.writer(self._stream)
        self._note = OutputNote(file) if file.is_file() else None
        with ExitStack() as on_error:
            on_error.callback(self.close)
            if self._note is not None and append:
                self._note.set_finished(False)
            elif self._note is not None:
                self._note.begin(origin, place, columns=columns)
            if not append or file.stat().st_size == 0:
                self._write([list(columns)])
            on_error.pop_all()

    def add(self, analysis: Analysis) -> None:
        rows = table_rows(analysis)
        extra = [analysis.frame.file_name] if self._has_file_column else []
        if self._stimuli:
            extra += stimulus_cells(self._stimuli, analysis.frame.time_s)
        end = -len(QUALITY_COLUMNS)
        self._write([[*row[:end], *extra, *row[end:]] for row in rows])

    def _write(self, rows: list[list[str]]) -> None:
        try:
            self._writer.writerows(rows)
            self._stream.flush()
        except OSError as error:
            raise FerError(
                f"{self._file}: the CSV cannot be written any further ({error.strerror})",
                "Make room, then continue with the same command and --resume.",
            ) from error

    def finish(self, notes: Sequence[str] = (), skipped: Sequence[str] = ()) -> None:
        self.close()
        if self._note is not None:
            self._note.set_finished(True, notes=list(notes), skipped=list(skipped))

    def close(self) -> None:
        with suppress(OSError):  # the same full disk, once more
            self._stream.close()


class VideoOutput:
    """A video with the overlays in it; its note has the size of the finished file.

    Both are there from the end on: until then an older video of that name stays as it is.
    The `anonymiser` covers the heads; whoever made it closes it.
    """

    def __init__(
        self,
        file: Path,
        fps: float,
        origin: Origin,
        place: Path,
        anonymiser: "Anonymiser | None" = None,
    ) -> None:
        from ferapp.studies.annotated_video import AnnotatedVideo  # brings Qt: not for a CSV

        self._file, self._origin, self._place = file, origin, place
        self._begun = time.strftime(TIME_FORMAT)
        self._video = AnnotatedVideo(file, VIDEO_CONTAINERS[file.suffix.lower()], fps)
        self._note = OutputNote(file)
        self._anonymiser = anonymiser
        self._closed = False

    def add(self, analysis: Analysis) -> None:
        self._video.add(analysis if self._anonymiser is None else self._anonymiser.apply(analysis))

    def finish(self, notes: Sequence[str] = (), skipped: Sequence[str] = ()) -> None:
        self.close()
        if self._video.is_placed:
            size = self._file.stat().st_size
            self._note.set_finished(True, bytes=size, notes=list(notes), skipped=list(skipped))

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._video.close()
        if self._video.is_placed:
            kind = self._anonymiser.kind if self._anonymiser is not None else None
            self._note.begin(self._origin, self._place, begun=self._begun, anonymised=kind)


def table_columns(card: ModelCard, prior: ClassPrior, source: FrameSource) -> dict[str, str]:
    """The table's columns and what each means."""
    frame = "Number of the frame in the source, from 0."
    time_s = "Seconds from the start of the source, by its own time stamps where it has them."
    extra: dict[str, str] = {}
    if source.has_file_names:
        frame = (
            "Number of the picture in the folder, from 0, by name, 2 before 10; pictures that "
            "cannot be read have none."
        )
        time_s = f"Invented: {1 / FOLDER_FPS:g} second a picture."
        extra = {"file": "File name of the picture."}
    if source.recorded is not None and source.recorded.stimuli:
        extra |= STIMULUS_COLUMNS
    model = AppliedModel(card.classes, valence_arousal=card.valence_arousal)
    columns = column_meanings(model, card.temperature, frame, time_s, str(prior))
    return (
        {name: columns[name] for name in columns if name not in QUALITY_COLUMNS}
        | extra
        | QUALITY_COLUMNS
    )
