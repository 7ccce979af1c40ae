"""A recording read back from its tables. No Qt, no OpenCV.

Whatever a crash left is read as far as it goes.
"""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferapp.recording.stored_table import read_face_table
from ferapp.sources.base import SourceError
from ferapp.sources.file_kind import TABLE_SUFFIX
from ferapp.sources.recorded import (
    Mark,
    RecordedDetails,
    RecordedFace,
    RecordedResults,
    RecordedTable,
    ShownStimulus,
)
from ferapp.studies.stimuli.shown_stimuli import (
    EVENT_MEANING,
    onset_method,
    planned_order,
    shown_stimuli,
)
from ferapp.vision import quality
from ferapp.vision.face_regions import region_map
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from ferapp.vision.types import (
    Affect,
    Analysis,
    AppliedModel,
    Attribution,
    Face,
    Prediction,
    QualityIssue,
    QualityKind,
)
from trainer.attribution_methods import DEFAULT_METHOD

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
    f"arrive again. {EVENT_MEANING}",
    "note": "The person's words, what is hidden, the name of the class shares, why the frames "
    "ended, the stimulus, or why no further one was shown; empty: none.",
}


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    number: int  # gaps are frames that were not analysed
    time_s: float
    video_frame: int | None  # its number in the videos; None where they lack it
    table: RecordedTable
    place: int | None  # in the table; None where the model failed
    details_at: int | None = None  # byte in DETAILS; None without a face, and in old recordings

    @property
    def results(self) -> RecordedResults:
        return RecordedResults() if self.place is None else self.table.results(self.place)


@dataclass(frozen=True, slots=True)
class Session:
    """`frames` by time."""

    folder: Path
    source: str
    model: str
    model_hash: str
    is_complete: bool  # False after a crash
    table: RecordedTable
    frames: tuple[RecordedFrame, ...]
    marks: tuple[Mark, ...]
    stimuli: tuple[ShownStimulus, ...] = ()
    onset_method: str = ""  # what was taken as the moment at which a stimulus appeared


def session_folder(uri: str) -> Path | None:
    """The folder of the recording that `uri` names, directly, by its session.json or its table."""
    path = Path(uri).expanduser()
    if path.name in (SESSION, FACES):
        path = path.parent
    return path if (path / SESSION).is_file() else None


def table_file(uri: str) -> Path | None:
    """The file that `uri` names, if it is named as a table."""
    path = Path(uri).expanduser()
    return path if path.suffix.lower() == TABLE_SUFFIX and path.is_file() else None


def read_session(folder: Path) -> Session:
    """Raises SourceError with the reason when the folder is no readable recording."""
    try:
        about = json.loads((folder / SESSION).read_text(encoding="utf-8"))
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise ValueError("its format is unknown")
        table = read_face_table(folder / FACES)
        places = {number: place for place, number in enumerate(table.numbers)}
        frames = [
            RecordedFrame(
                int(row["frame"]),
                float(row["time_s"]),
                int(row["video_frame"]) if row["video_frame"] else None,
                table,
                places.get(int(row["frame"])) if row["analysed"] == "1" else None,
                int(row["details"]) if row.get("details") else None,
            )
            for row in _rows(folder / FRAMES)
        ]
        marks = _read_marks(folder / EVENTS)
    except SourceError:
        raise
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
        table=table,
        frames=tuple(frames),
        marks=marks,
        stimuli=shown_stimuli(marks, planned_order(about)),
        onset_method=onset_method(about),
    )


def read_stimuli(folder: Path) -> tuple[ShownStimulus, ...]:
    """Those shown while a recording ran. Raises OSError, ValueError or KeyError if unreadable."""
    about = json.loads((folder / SESSION).read_text(encoding="utf-8"))
    return shown_stimuli(_read_marks(folder / EVENTS), planned_order(about))


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
            quality=_recorded_issues(face, of_model=False),
        )
        for face in results.faces
    )
    models = (model,) if results.classes else ()
    return replace(analysis, faces=faces, models=models, is_recorded=True)


def _recorded_issues(face: RecordedFace, *, of_model: bool) -> tuple[QualityIssue, ...]:
    """The doubts about the face itself, or about the model's prediction."""
    face_px, sharpness, brightness, turned_deg, _ = face.measures.tolist()
    values = {  # kind → measured value and limit
        QualityKind.SMALL: (face_px, quality.SMALL),
        QualityKind.TURNED: (turned_deg, quality.TURNED),
        QualityKind.DARK: (brightness, quality.DARK),
        QualityKind.BLURRED: (sharpness, quality.BLURRED),
        QualityKind.CUT_OFF: (math.nan, quality.CUT_OFF),
        QualityKind.UNSURE: (float(face.probabilities.max()), quality.UNSURE),
    }
    return tuple(
        QualityIssue(kind, *values[kind])
        for kind in QualityKind
        if kind in face.doubts and (kind is QualityKind.UNSURE) == of_model
    )


def _recorded_prediction(model: AppliedModel, face: RecordedFace) -> Prediction:
    values = face.valence_arousal
    affect = None if values is None else Affect(values, values)
    return Prediction(
        model,
        face.probabilities,
        face.probabilities,
        attribution=_recorded_attribution(model, face.details),
        unsure=next(iter(_recorded_issues(face, of_model=True)), None),
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
