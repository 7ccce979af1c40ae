"""A recording read back from its tables. No Qt, no OpenCV.

Whatever a crash left is read as far as it goes.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ferapp.sources.base import SourceError
from ferapp.sources.recorded import Mark, RecordedDetails, RecordedFace, RecordedResults
from ferapp.studies.face_edits import FaceEdits
from ferapp.vision.face_regions import region_map
from ferapp.vision.face_table import AFFECT_COLUMNS, PROBABILITY
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from ferapp.vision.types import Affect, Analysis, AppliedModel, Attribution, Face, Prediction
from trainer.attribution_methods import DEFAULT_METHOD
from trainer.errors import UsageError

FORMAT = 1
SESSION, FACES, FRAMES, EVENTS = "session.json", "faces.csv", "frames.csv", "events.csv"
CLEAN, OVERLAID = "clean.mkv", "overlaid.mkv"
DETAILS = "details.npy.gz"
MARK, NOTE, HIDDEN, PRIOR = "mark", "note", "hidden", "prior"
LOST, PAUSED, BACK = "lost", "paused", "back"
TIMES = "seconds since `started`, when the source's picture arrived"
# of faces.csv, and of the other two tables
SHARED_COLUMNS = {
    "frame": "Number of the source's picture since the recording began, from 0; those that are "
    "missing came while another was analysed.",
    "time_s": f"{TIMES[0].upper()}{TIMES[1:]}.",
}
FRAME_COLUMNS = SHARED_COLUMNS | {
    "video_frame": "Number of the picture in the videos, from 0; empty where they lack it. It "
    "stands at time_s there; one not later than the picture before follows that by 1 ms.",
    "analysed": "1; or 0 where the model failed on the picture, which has no rows in faces.csv.",
    "details": f"The byte at which the faces of the picture begin in {DETAILS}; empty: none.",
}
EVENT_COLUMNS = {name: SHARED_COLUMNS[name] for name in ("time_s", "frame")} | {
    "kind": f"{MARK}: a person marked the moment. {NOTE}: what the person wrote about the mark of "
    f"the same time. {HIDDEN}: something else of the faces is hidden from the model from here on. "
    f"{PRIOR}: the probabilities assume other class shares from here on. "
    f"{LOST}: the source's frames ended. {PAUSED}: a person paused the source. {BACK}: its frames "
    "arrive again.",
    "note": "The person's words, what is hidden, the name of the class shares, or why "
    "the frames ended; empty: none.",
}


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    number: int  # gaps are frames that were not analysed
    time_s: float
    video_frame: int | None  # its number in the videos; None where they lack it
    results: RecordedResults
    details_at: int | None = None  # byte in DETAILS; None without a face, and in old recordings


@dataclass(frozen=True, slots=True)
class Session:
    """`frames` by time."""

    folder: Path
    source: str
    model: str
    model_hash: str
    is_complete: bool  # False after a crash
    frames: tuple[RecordedFrame, ...]
    marks: tuple[Mark, ...]


def session_folder(uri: str) -> Path | None:
    """The folder of the recording that `uri` names, directly or by its session.json."""
    path = Path(uri).expanduser()
    if path.name == SESSION:
        path = path.parent
    return path if (path / SESSION).is_file() else None


def read_session(folder: Path) -> Session:
    """Raises SourceError with the reason when the folder is no readable recording."""
    try:
        about = json.loads((folder / SESSION).read_text(encoding="utf-8"))
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise ValueError("its format is unknown")
        classes, affect, faces = _read_faces(folder / FACES)
        frames = [
            RecordedFrame(
                int(row["frame"]),
                float(row["time_s"]),
                int(row["video_frame"]) if row["video_frame"] else None,
                RecordedResults(
                    classes if row["analysed"] == "1" else (),
                    tuple(faces.get(int(row["frame"]), ())),
                    affect and row["analysed"] == "1",
                ),
                int(row["details"]) if row.get("details") else None,
            )
            for row in _rows(folder / FRAMES)
        ]
        marks = _read_marks(folder / EVENTS)
    except UsageError as error:  # of the corrections of its faces
        raise SourceError(str(error.args[0]), error.hint) from error
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"{folder}: this recording cannot be read ({error})") from error
    model = about.get("model")
    model = model if isinstance(model, dict) else {}
    return Session(
        folder=folder,
        source=str(about.get("source", "")),
        model=str(model.get("name", "")),
        model_hash=str(model.get("sha256") or ""),
        is_complete=bool(about.get("ended")),
        frames=tuple(frames),
        marks=marks,
    )


def with_recorded_results(analysis: Analysis) -> Analysis:
    """`analysis`, which has the picture, with the results that were recorded for its frame."""
    results = analysis.frame.recorded or RecordedResults()
    methods = (
        face.details.map.method for face in results.faces if face.details and face.details.map
    )
    method = next((name for name in methods if name in OVERLAY_METHODS), DEFAULT_METHOD)
    model = AppliedModel(results.classes, method, results.valence_arousal)
    faces = tuple(
        Face(
            face_id=face.face_id,
            box=face.box,
            landmarks=face.details.landmarks if face.details is not None else None,
            crop=None,
            predictions=(_recorded_prediction(model, face),),
            signals=face.signals,
        )
        for face in results.faces
    )
    return replace(analysis, faces=faces, models=(model,) if results.classes else ())


def _recorded_prediction(model: AppliedModel, face: RecordedFace) -> Prediction:
    values = face.valence_arousal
    affect = None if values is None else Affect(values, values)
    return Prediction(
        model,
        face.probabilities,
        face.probabilities,
        attribution=_recorded_attribution(model, face.details),
        affect=affect,
    )


def _recorded_attribution(
    model: AppliedModel, details: RecordedDetails | None
) -> Attribution | None:
    from trainer.faces.align import transform_points  # loads OpenCV

    if details is None or details.map is None or not details.map.target < len(model.classes):
        return None
    explained = details.map
    points = transform_points(explained.from_frame, details.landmarks)
    regions = region_map(points, explained.values.shape[0])
    return Attribution(explained.values[None], (explained.target,), regions, explained.from_frame)


def _read_faces(file: Path) -> tuple[tuple[str, ...], bool, dict[int, list[RecordedFace]]]:
    """The classes, whether there are valence and arousal, and the faces by their frame's number."""
    classes: tuple[str, ...] = ()
    affect = False
    faces: dict[int, list[RecordedFace]] = defaultdict(list)
    who = FaceEdits(file)
    for row in _rows(file):
        if not classes:
            names = (name for name in row if name.startswith(PROBABILITY))
            classes = tuple(name.removeprefix(PROBABILITY) for name in names)
            affect = AFFECT_COLUMNS.keys() <= row.keys()
        if not row["face_id"]:
            continue
        x, y, width, height = (float(row[f"box_{name}"]) for name in "xywh")
        faces[int(row["frame"])].append(
            RecordedFace(
                who.face_of(int(row["face_id"]), int(row["frame"])),
                (x, y, width, height),
                np.array([float(row[PROBABILITY + name]) for name in classes], np.float32),
                np.array([float(row[name] or "nan") for name in SIGNAL_COLUMNS], np.float32),
                np.array([float(row[name]) for name in AFFECT_COLUMNS], np.float32)
                if affect
                else None,
            )
        )
    return classes, affect, faces


def _read_marks(file: Path) -> tuple[Mark, ...]:
    """The marks, each with the note of the same time."""
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
