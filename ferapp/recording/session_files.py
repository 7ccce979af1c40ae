"""The folder of one recording: its tables, its videos, and session.json. No threads, no Qt.

Every row and picture is handed to the disk at once, so a folder can be read while it is written
and after a crash. `ferapp.recording.session` reads it.
"""

import csv
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from numpy import uint8
from numpy.typing import NDArray

from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import RecordingStatus
from ferapp.recording.face_details import DESCRIPTION
from ferapp.recording.session import (
    DETAILS,
    EVENT_COLUMNS,
    EVENTS,
    FACES,
    FORMAT,
    FRAME_COLUMNS,
    FRAMES,
    SESSION,
    SHARED_COLUMNS,
    TIMES,
)
from ferapp.sources.stream_address import without_password
from ferapp.studies.stimuli.shown_stimuli import STIMULUS_COLUMNS
from ferapp.vision.face_table import COORDINATES, column_meanings, table_head
from ferapp.vision.file_hash import file_hash
from ferapp.vision.types import AppliedModel
from trainer.files import write_json
from trainer.prior import TRAINED

if TYPE_CHECKING:  # imports PyAV
    from ferapp.recording.h264 import H264Writer

log = logging.getLogger(__name__)

PACKAGES = ("ferapp", "torch", "mediapipe", "opencv-python", "av", "numpy")


@dataclass(frozen=True, slots=True)
class RecordingSubject:
    """What is recorded: one source, analysed by one model."""

    source: str  # as in `Frame.source`
    source_name: str
    loaded: LoadedModel
    settings: dict[str, Any]  # of the analysis

    @property
    def model(self) -> AppliedModel:
        card = self.loaded.classifier.card
        prior = self.settings.get("prior", TRAINED) if card.prior else TRAINED
        return AppliedModel(card.classes, valence_arousal=card.valence_arousal, prior=prior)


class SessionFiles:
    """A new folder in `parent`, named by time. All methods raise OSError when the disk fails."""

    def __init__(self, parent: Path, started: datetime) -> None:
        self.folder = _make_folder(parent, started)
        self._videos: dict[str, H264Writer] = {}
        self._tables: dict[str, tuple[Any, TextIO]] = {}  # CSV writer and stream by file name
        self._details: BinaryIO | None = None

    def open_tables(self, model: AppliedModel) -> None:
        heads = {FACES: table_head(model), FRAMES: FRAME_COLUMNS, EVENTS: EVENT_COLUMNS}
        for name, head in heads.items():
            stream = open_table(self.folder / name)
            self._tables[name] = csv.writer(stream), stream
            self.add_rows(name, [list(head)])

    def add_rows(self, table: str, rows: list[list[str]]) -> None:
        if rows:
            writer, stream = self._tables[table]
            writer.writerows(rows)
            stream.flush()

    def add_details(self, content: bytes) -> int:
        """The faces of a frame as `face_details.compress` gives them; the byte they begin at."""
        if self._details is None:
            self._details = (self.folder / DETAILS).open("xb")
        place = self._details.tell()
        self._details.write(content)
        self._details.flush()
        return place

    def add_pictures(self, pictures: dict[str, NDArray[uint8]], time_s: float) -> int:
        """One picture (H, W, 3) BGR for each video, by file name; its number, the same in all."""
        from ferapp.recording.h264 import LIVE, H264Writer

        number = -1
        for name, picture in pictures.items():
            if name not in self._videos:
                size = picture.shape[1], picture.shape[0]
                self._videos[name] = H264Writer(self.folder / name, size, LIVE)
            number = self._videos[name].written
            self._videos[name].write(picture, time_s)
        return number

    def write_session(self, content: dict[str, Any]) -> None:
        write_json(self.folder / SESSION, content)

    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.iterdir())

    def close_tables(self) -> None:
        streams = [stream for _, stream in self._tables.values()]
        for stream in (*streams, self._details):
            with suppress(OSError):  # the same full disk once more
                if stream is not None:
                    stream.close()

    def close_videos(self) -> None:
        """Complete the videos as far as the disk allows."""
        for video in self._videos.values():
            try:
                video.close()
            except OSError as error:
                log.warning("A video has no index: %s", error)


def session_content(
    subject: RecordingSubject,
    display_settings: dict[str, Any],
    started: datetime,
    status: RecordingStatus,
    source_frames: int = 0,
    *,
    is_ended: bool = False,
    has_stimuli: bool = False,
) -> dict[str, Any]:
    """The content of session.json; `source_frames` is the number of frames that the source sent.

    `has_stimuli`: faces.csv has the columns of the stimuli that were shown.
    """
    loaded = subject.loaded
    card = loaded.classifier.card
    counts = {
        "frames": status.frames,
        "not_analysed": source_frames - status.frames,
        "left_out_of_video": status.dropped,
        "marks": status.marks,
    }
    now = datetime.now().astimezone()
    return {
        "format": FORMAT,
        "app": f"ferapp {metadata.version('ferapp')}",
        "source": without_password(subject.source_name),
        "started": started.isoformat(timespec="milliseconds"),
        "ended": now.isoformat(timespec="milliseconds") if is_ended else None,
        "reason": status.reason,
        "seconds": round(status.seconds, 3) if is_ended else None,
        "counts": counts if is_ended else None,
        "model": {
            "name": card.name,
            "sha256": file_hash(loaded.file),
            "architecture": card.architecture,
            "objective": card.objective,
            "classes": list(card.classes),
            "temperature": card.temperature,
            "prior": subject.model.prior,  # changes are in events.csv
            "metrics": card.metrics,
            "licence": card.licence,
            "summary": card.summary,
        },
        "device": loaded.device,
        "settings": subject.settings | display_settings,
        "times": TIMES,
        "coordinates": COORDINATES,
        "columns": column_meanings(
            subject.model, card.temperature, **SHARED_COLUMNS, prior=subject.model.prior
        )
        | (STIMULUS_COLUMNS if has_stimuli else {})
        | FRAME_COLUMNS
        | EVENT_COLUMNS,
        "details": DESCRIPTION,
        "versions": _versions(),
    }


def open_table(file: Path) -> TextIO:
    return file.open("x", encoding="utf-8", newline="")


def _make_folder(parent: Path, when: datetime) -> Path:
    """A folder that did not exist, named by time."""
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (f"{when:%Y-%m-%d-%H%M%S}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions
