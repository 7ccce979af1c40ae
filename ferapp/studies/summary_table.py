"""`summary.csv`: a row for each source and face of a study."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferapp.studies.study_record import StudyProgress, read_study
from ferapp.studies.study_tables import (
    SECONDS,
    SourceTable,
    finished_sources,
    label_runs,
    read_source_table,
)
from ferapp.vision.face_table import PROBABILITY
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from trainer.files import write_atomic
from trainer.labels import EXPRESSIONS

if TYPE_CHECKING:
    from pandas import DataFrame

SUMMARY_FILE = "summary.csv"
UNITS = tuple(name for name in SIGNAL_COLUMNS if name.startswith("au"))
EPISODE_S = 0.25
EPISODE_FRAMES = 2
TIME_TOLERANCE_S = 0.001  # times are written in milliseconds
COUNTS = ("face_id", "frames", "dropped")


def write_summary(out: Path) -> Path:
    """Write `summary.csv` of the study in `out` from its finished tables; returns its path.

    Sources that failed or are not finished have no row. Raises UsageError where a file of the study
    cannot be read, OSError where the summary cannot be written.
    """
    record = read_study(out)
    sources = finished_sources(out, record, StudyProgress.read(out))
    table = summarise(read_source_table(out, source) for source in sources)
    file = out / SUMMARY_FILE
    write_atomic(file, lambda stream: stream.write(table.to_csv(index=False).encode()))
    return file


def summarise(tables: Iterable[SourceTable]) -> "DataFrame":
    """The summary of these tables; its columns are those of `summary.csv`."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    classes: list[str] = []
    manifest: list[str] = []
    for table in tables:
        classes += [name for name in table.classes if name not in classes]
        manifest += [name for name in table.source.manifest if name not in manifest]
        rows += source_rows(table)
    head = _head(classes or list(EXPRESSIONS))
    # a column of the manifest does not replace one of ours
    own_names = {name: f"manifest_{name}" if name in head else name for name in manifest}
    for row in rows:
        given = row.pop("manifest")
        row.update({own_names[name]: value for name, value in given.items()})
    summary = pd.DataFrame(rows, columns=[*head, *own_names.values()])
    whole = [name for name in head if name in COUNTS or name.startswith("episodes_")]
    return summary.astype(dict.fromkeys(whole, "Int64"))


def source_rows(table: SourceTable) -> list[dict[str, Any]]:
    """A row per face, or one with the number of frames where there was no face."""
    common = {
        "source": table.source.name,
        "dropped": table.skipped,
        "manifest": table.source.manifest,
    }
    if table.faces.empty:
        return [common | {"frames": len(table.times)}]
    return [
        common | {"face_id": int(number)} | face_summary(face, table.classes)
        for number, face in table.faces.groupby("face_id")
    ]


def face_summary(face: "DataFrame", classes: Sequence[str]) -> dict[str, Any]:
    """The figures of one face from its rows (see `SourceTable.faces`), in order of time."""
    frames = len(face)
    result: dict[str, Any] = {
        "frames": frames,
        "seconds_seen": round(float(face[SECONDS].sum()), 3),
        "doubt_share": round(float(face["doubts"].notna().mean()), 4),
    }
    runs = face.groupby(label_runs(face)).agg(
        label=("label", "first"), frames=("label", "size"), seconds=(SECONDS, "sum")
    )
    long = runs["seconds"] >= EPISODE_S - TIME_TOLERANCE_S
    episodes = runs.loc[long & (runs["frames"] >= EPISODE_FRAMES), "label"].value_counts()
    seconds = runs.groupby("label")["seconds"].sum()
    labels = face["label"].value_counts()
    for name in classes:
        probability = face[f"{PROBABILITY}{name}"]
        result[f"share_{name}"] = round(int(labels.get(name, 0)) / frames, 4)
        result[f"mean_p_{name}"] = round(float(probability.mean()), 4)
        result[f"episodes_{name}"] = int(episodes.get(name, 0))
        result[f"seconds_{name}"] = round(float(seconds.get(name, 0.0)), 3)
        if probability.notna().any():
            result[f"peak_time_{name}"] = float(face.loc[probability.idxmax(), "time_s"])
    for unit in UNITS:
        if unit in face:
            result[f"mean_{unit}"] = round(float(face[unit].mean()), 4)
    return result


def _head(classes: Sequence[str]) -> list[str]:
    per_class = [
        f"{figure}_{name}"
        for figure in ("share", "mean_p", "episodes", "seconds", "peak_time")
        for name in classes
    ]
    units = [f"mean_{unit}" for unit in UNITS]
    ends = ("doubt_share", "dropped")
    return ["source", "face_id", "frames", "seconds_seen", *per_class, *units, *ends]
