"""`ferapp.analyze`: a source in, a table out; what `ferapp analyze --csv` writes, in memory."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from ferapp.api.argument_checks import check_whole_number
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_note import OutputNote
from ferapp.studies.single_source import analyze_source
from ferapp.studies.stimuli.shown_stimuli import CONDITION, STIMULUS_COLUMN
from ferapp.vision.analysis_options import DEFAULT_FACES, MAX_ANALYZED_FACES
from trainer.prior import TRAINED

TEXT_COLUMNS = ("label", "file", STIMULUS_COLUMN, CONDITION, "doubts")
FROM_NOTE = ("source", "model", "prior", "notes", "columns")


def analyze(
    source: str | os.PathLike[str],
    *,
    model: str | Path = "default",
    device: str = "auto",
    faces: int = DEFAULT_FACES,
    every: int = 1,
    max_frames: int = 0,
    prior: str | Mapping[str, float] = TRAINED,
) -> pd.DataFrame:
    """Analyse a video, a picture, a folder of pictures, a camera or a stream, to its end.

    `source` is a path, a URL, "demo", "camera" or "camera:N". A row per face and analysed frame,
    with the columns and values of `ferapp analyze`: frame, time_s, face_id, the box in pixels,
    label, confidence, a probability p_<class> each, pose in degrees, eyes, action units, and how
    good the face's picture is. A frame without a face has one row, whose cells are NaN.
    `table.attrs["columns"]` says what each column means, `table.attrs["notes"]` what was noticed.

    Faces are followed from frame to frame: face_id tells them apart. `faces` are the most faces of
    a frame, `every` analyses every Nth frame, `max_frames` ends after so many (0: all); `model`,
    `device` and `prior` are those of `load`. Ctrl+C ends a camera or stream, which has no other
    end, and gives its table; elsewhere it raises KeyboardInterrupt.
    Raises SourceError, ModelFileError or UsageError with the reason.
    """
    check_whole_number("faces", faces, 1, MAX_ANALYZED_FACES)
    check_whole_number("every", every, 1)
    check_whole_number("max_frames", max_frames, 0)
    with TemporaryDirectory(prefix="ferapp-") as folder:
        table = Path(folder, "faces.csv")
        settings = AnalysisSettings(
            str(model), device, prior, every=every, max_frames=max_frames, faces=faces
        )
        summary = analyze_source(os.fsdecode(source), table, settings)
        if summary.resumable:
            raise KeyboardInterrupt
        return _read(table)


def _read(table: Path) -> pd.DataFrame:
    """The finished table, with what its note says."""
    frame = pd.read_csv(
        table, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False, na_values=[""]
    )
    frame["doubts"] = frame["doubts"].fillna("")
    note = OutputNote(table).read()
    frame.attrs.update({name: note[name] for name in FROM_NOTE if name in note})
    return frame
