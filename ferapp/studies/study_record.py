"""What a study says of itself on disk: its plan and settings, and how far each source is.

`study.json` and `progress.jsonl` in the study's folder are the truth: the window, the report and a
restart read only them and the tables.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from ferapp.studies.output_note import TIME_FORMAT
from trainer.errors import UsageError
from trainer.file_lock import lock_file, only_writer
from trainer.files import json_text, write_json

STUDY_FILE = "study.json"
PROGRESS_FILE = "progress.jsonl"
FAILED_FILE = "failed.csv"  # source,reason

State = Literal["waiting", "running", "done", "unchanged", "failed"]
StudyState = Literal["begun", "stopped", "finished"]


class RecordPart(BaseModel):
    """Frozen; fields of newer versions are ignored, fields that are missing have a default."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StudySource(RecordPart):
    """A video, a picture, or a folder of pictures."""

    name: str  # "siteA/clip", with the subfolders in which it lay; unique in the study
    source: str  # the absolute path
    table: str  # of the study's folder: "siteA/clip.csv"
    manifest: dict[str, str] = {}  # column → value: participant, condition, …


class Machine(RecordPart):
    """What the study was computed with."""

    system: str = ""
    python: str = ""
    processor: str = ""
    cores: int = 0
    torch: str = ""
    mediapipe: str = ""
    device: str = ""


class StudySettings(RecordPart):
    """What every table was made with, as the options of `ferapp analyze` name it."""

    model: str = "default"
    model_sha256: str = ""
    device: str = "auto"
    prior: str | dict[str, float] = "trained"
    every: int = 1
    max_frames: int = 0
    faces: int = 4
    small_faces: str = "auto"
    rotate: int = 0
    rate_hz: float = 0
    start_at: str = ""
    baseline: str = ""
    smooth_s: float = 0


class StudyRecord(RecordPart):
    """`study.json`. Times are local, with their offset; `finished` is None until the end."""

    app: str
    commit: str = ""
    command: str = ""
    begun: str
    finished: str | None = None
    machine: Machine = Machine()
    jobs: int = 1
    threads: int = 1
    settings: StudySettings = StudySettings()
    manifest: str = ""
    sources: tuple[StudySource, ...] = ()

    def write(self, out: Path) -> None:
        """Into the study's folder, whole or not at all. Raises OSError."""
        write_json(out / STUDY_FILE, self.model_dump())


def is_study(folder: Path) -> bool:
    return (folder / STUDY_FILE).is_file()


def read_study(out: Path) -> StudyRecord:
    """The study in the folder `out`. Raises UsageError with the reason."""
    file = out / STUDY_FILE
    try:
        return StudyRecord.model_validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            f"{out}: there is no study in this folder ({STUDY_FILE} is missing)",
            "A study is what `ferapp analyze SOURCE… --out DIR` writes.",
        ) from error
    except OSError as error:
        raise UsageError(f"{file}: could not be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{file}: is damaged ({place}: {first['msg']})") from error


def is_running(out: Path) -> bool:
    """Whether a process analyses the study in `out` now; False where that cannot be known."""
    if not lock_file(out / STUDY_FILE).exists():
        return False
    try:
        with only_writer(out / STUDY_FILE, UsageError("")):
            return False
    except UsageError:
        return True


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """How far a source is. `frames` of `total`, which is 0 where it is unknown."""

    state: State = "waiting"
    frames: int = 0
    total: int = 0
    ms_per_frame: float = 0.0
    reason: str = ""  # why it failed
    time: str = ""  # of the last event


@dataclass(slots=True)
class StudyProgress:
    """What `progress.jsonl` says; `update` reads what was appended since.

    A new start, and an end, make sources that were running wait again: a killed run leaves them
    running in the file.
    """

    out: Path
    state: StudyState | None = None  # of the whole; None before its first event
    jobs: int = 0
    sources: dict[str, SourceProgress] = field(default_factory=dict)  # those with an event
    _read_bytes: int = 0

    @classmethod
    def read(cls, out: Path) -> "StudyProgress":
        progress = cls(out)
        progress.update()
        return progress

    def of(self, name: str) -> SourceProgress:
        return self.sources.get(name, SourceProgress())

    def update(self) -> bool:
        """Whether there was anything new."""
        events, self._read_bytes = read_events(self.out / PROGRESS_FILE, self._read_bytes)
        for event in events:
            self.apply(event)
        return bool(events)

    def apply(self, event: Mapping[str, Any]) -> None:
        state = event.get("state")
        if "source" in event:
            if state in get_args(State):
                name = str(event["source"])
                self.sources[name] = _progress_of(event, self.of(name))
        elif state in get_args(StudyState):
            self.state, self.jobs = state, int(event.get("jobs", self.jobs))
            for name, progress in self.sources.items():
                if progress.state == "running":
                    self.sources[name] = replace(progress, state="waiting")


def _progress_of(event: Mapping[str, Any], before: SourceProgress) -> SourceProgress:
    return SourceProgress(
        event["state"],
        int(event.get("frames", before.frames)),
        int(event.get("total", before.total)),
        float(event.get("ms_per_frame", before.ms_per_frame)),
        str(event.get("reason", "")),
        str(event.get("time", "")),
    )


def read_events(file: Path, start: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The events from byte `start` on, and the byte to go on from. A half line waits.

    A file that is shorter than `start` was written anew and is read from its beginning; lines that
    are no event are passed over.
    """
    try:
        with file.open("rb") as stream:
            start = start if start <= stream.seek(0, 2) else 0
            stream.seek(start)
            whole = stream.read().rpartition(b"\n")
    except OSError:
        return [], start
    events = []
    for line in whole[0].splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            events.append(event)
    return events, start + len(whole[0]) + len(whole[1])


def append_events(file: Path, events: Sequence[Mapping[str, Any]]) -> None:
    """Each in a line, flushed; an event without a time gets the present one. Raises OSError."""
    now = time.strftime(TIME_FORMAT)
    lines = "".join(f"{json_text({'time': now} | dict(event))}\n" for event in events)
    with file.open("ab") as stream:
        stream.write(lines.encode())
