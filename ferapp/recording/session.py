"""A recording read back: its tables, and what plays it. No Qt, no OpenCV.

Whatever a kill left is read as far as it goes.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.vision.face_table import PROBABILITY
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from ferapp.vision.types import Analysis, AppliedModel, Face, Prediction

FORMAT = 1
SESSION, FACES, FRAMES, EVENTS = "session.json", "faces.csv", "frames.csv", "events.csv"
CLEAN, OVERLAID = "clean.avi", "overlaid.avi"
MARK, NOTE, HIDDEN = "mark", "note", "hidden"
TIMES = "seconds since `started`, when the source's picture arrived"
# of faces.csv, and of the other two tables
SHARED_COLUMNS = {
    "frame": "Number of the source's picture since the recording began, from 0; those that are "
    "missing came while another was analysed.",
    "time_s": f"{TIMES[0].upper()}{TIMES[1:]}.",
}
FRAME_COLUMNS = SHARED_COLUMNS | {
    "video_frame": "Number of the picture in the videos, from 0; empty where they lack it.",
    "analysed": "1; or 0 where the model failed on the picture, which has no rows in faces.csv.",
}
EVENT_COLUMNS = {name: SHARED_COLUMNS[name] for name in ("time_s", "frame")} | {
    "kind": f"{MARK}: a person marked the moment. {NOTE}: what the person wrote about the mark of "
    f"the same time. {HIDDEN}: other parts of the faces are hidden from the model from here on.",
    "note": "The person's words, or the parts that are hidden; empty: none.",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened at a moment: `mark` by a person, or `hidden` parts of the face."""

    time_s: float
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    number: int  # gaps are pictures that were not analysed
    time_s: float
    picture: int | None  # its number in the videos; None where they lack it
    classes: tuple[str, ...]  # () where the model failed on it
    faces: tuple[Face, ...]  # probabilities as recorded, unsmoothed


@dataclass(frozen=True, slots=True)
class Session:
    """`frames` by time."""

    folder: Path
    source: str
    model: str
    ended: bool  # False after a kill
    frames: tuple[RecordedFrame, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class SessionFrame(Frame):
    """A picture of a recording with the results that were recorded for it."""

    classes: tuple[str, ...] = ()
    faces: tuple[Face, ...] = ()
    has_overlays: bool = False  # the overlays are part of the picture


@dataclass(frozen=True, slots=True)
class Replay:
    """What the window needs to know of the recording that plays."""

    name: str
    model: str  # whose results were recorded
    marks: tuple[Mark, ...] = ()
    has_overlays: bool = False  # there is only the video with overlays
    ended: bool = True
    again: bool = False  # analysed again, in place of the recorded results

    @property
    def as_recorded(self) -> bool:
        """Whether no model looks at it."""
        return self.has_overlays or not self.again


class Replayed(FrameSource):
    """A source that plays a recording."""

    session: Session
    has_overlays: bool = False


def session_folder(text: str) -> Path | None:
    """The folder of the recording that `text` names, itself or by its session.json."""
    path = Path(text).expanduser()
    if path.name == SESSION:
        path = path.parent
    return path if (path / SESSION).is_file() else None


def read_session(folder: Path) -> Session:
    """Raises SourceError with the reason when the folder is no recording that can be read."""
    try:
        about = json.loads((folder / SESSION).read_text(encoding="utf-8"))
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise ValueError("its format is unknown")
        faces = _faces(folder / FACES)
        frames = [
            RecordedFrame(
                int(row["frame"]),
                float(row["time_s"]),
                int(row["video_frame"]) if row["video_frame"] else None,
                faces.classes if row["analysed"] == "1" else (),
                tuple(faces.by_frame.get(int(row["frame"]), ())),
            )
            for row in _rows(folder / FRAMES)
        ]
        marks = _marks(folder / EVENTS)
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"{folder}: this recording cannot be read ({error})") from error
    model = about.get("model")
    return Session(
        folder=folder,
        source=str(about.get("source", "")),
        model=str(model.get("name", "")) if isinstance(model, dict) else "",
        ended=bool(about.get("ended")),
        frames=tuple(frames),
        marks=marks,
    )


def recorded(analysis: Analysis, frame: SessionFrame) -> Analysis:
    """`analysis`, which has the picture, with the recorded results."""
    models = (AppliedModel(frame.classes),) if frame.classes else ()
    return replace(analysis, faces=frame.faces, models=models, has_overlays=frame.has_overlays)


@dataclass(frozen=True, slots=True)
class _Faces:
    classes: tuple[str, ...]
    by_frame: dict[int, list[Face]]


def _faces(file: Path) -> _Faces:
    classes: tuple[str, ...] = ()
    found: dict[int, list[Face]] = defaultdict(list)
    for row in _rows(file):
        if not classes:
            names = (name for name in row if name.startswith(PROBABILITY))
            classes = tuple(name.removeprefix(PROBABILITY) for name in names)
        if not row["face_id"]:
            continue
        values = np.array([float(row[PROBABILITY + name]) for name in classes], np.float32)
        found[int(row["frame"])].append(
            Face(
                face_id=int(row["face_id"]),
                box=(
                    float(row["box_x"]),
                    float(row["box_y"]),
                    float(row["box_w"]),
                    float(row["box_h"]),
                ),
                landmarks=None,
                crop=None,
                predictions=(Prediction(AppliedModel(classes), values, values),),
                signals=np.array([float(row[c] or "nan") for c in SIGNAL_COLUMNS], np.float32),
            )
        )
    return _Faces(classes, found)


def _marks(file: Path) -> tuple[Mark, ...]:
    """A note belongs to the mark of its time."""
    marks: list[Mark] = []
    for row in _rows(file):
        time_s, kind, note = float(row["time_s"]), row["kind"], row["note"]
        same = [i for i, mark in enumerate(marks) if mark.time_s == time_s and mark.kind == MARK]
        if kind == NOTE and same:
            marks[same[-1]] = replace(marks[same[-1]], note=note)
        else:
            marks.append(Mark(time_s, kind, note))
    return tuple(marks)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Whole rows only: the last one may have been cut off by a full disk."""
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if None not in row.values():
                yield row
