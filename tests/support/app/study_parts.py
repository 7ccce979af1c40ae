"""A study written by hand: tables of known values, in the format of the command."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferapp.studies.study_record import (
    PROGRESS_FILE,
    StudyRecord,
    StudySettings,
    StudySource,
    append_events,
)
from ferapp.vision.face_table import table_head
from ferapp.vision.types import AppliedModel
from trainer.labels import EXPRESSIONS

HEAD = table_head(AppliedModel(EXPRESSIONS))
NO_FACE: dict[str, Any] = {}


def face_row(
    frame: int, time_s: float, face: int, label: str, p: float = 0.7, **cells: Any
) -> dict[str, Any]:
    """A row whose label has the probability `p`, and the other classes the rest in equal parts."""
    rest = (1 - p) / (len(EXPRESSIONS) - 1)
    shares = {f"p_{name}": round(p if name == label else rest, 4) for name in EXPRESSIONS}
    own = {"frame": frame, "time_s": time_s, "face_id": face, "label": label, "confidence": p}
    box = {"box_x": 300.0, "box_y": 60.0, "box_w": 160.0, "box_h": 190.0}
    return own | box | shares | cells


def frames_at(fps: float, labels: Sequence[str | None], **cells: Any) -> list[dict[str, Any]]:
    """One face, number 0, in frames of a steady rate; None is a frame without it."""
    rows = []
    for frame, label in enumerate(labels):
        time_s = round(frame / fps, 3)
        empty = {"frame": frame, "time_s": time_s}
        rows.append(empty if label is None else face_row(frame, time_s, 0, label, **cells))
    return rows


def write_table(file: Path, rows: Sequence[Mapping[str, Any]], **note: Any) -> Path:
    """With a note beside it that has the fields `note`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = [*HEAD, *dict.fromkeys(name for row in rows for name in row if name not in HEAD)]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    origin = {
        "source": file.stem,
        "content": "",
        "model": "default",
        "model_sha256": "abc",
        "prior": "trained",
        "every": 1,
        "faces": 4,
        "small_faces": "auto",
        "rotate": 0,
    }
    moment = "2026-12-01T03:00:00+0000"
    times = {"path": "", "app": "ferapp 0.1.0", "begun": moment, "finished": moment}
    stored = origin | times | {"columns": {}, "notes": []} | note
    file.with_name(f"{file.name}.json").write_text(json.dumps(stored), encoding="utf-8")
    return file


def write_study(
    out: Path,
    sources: Mapping[str, Sequence[Mapping[str, Any]]],
    manifest: Mapping[str, Mapping[str, str]] | None = None,
    failed: Mapping[str, str] | None = None,
    **settings: Any,
) -> StudyRecord:
    """A finished study: name → rows of its table; name → its row of the manifest, or why not."""
    given, reasons = manifest or {}, failed or {}
    names = [*sources, *reasons]
    record = StudyRecord(
        app="ferapp 0.1.0",
        commit="0123456789abcdef",
        command="ferapp analyze clips --out study",
        begun="2026-12-01T03:00:00+0000",
        finished="2026-12-01T03:02:00+0000",
        settings=StudySettings(**settings),
        sources=tuple(
            StudySource(
                name=name,
                source=f"/videos/{name}.mp4",
                table=f"{name}.csv",
                manifest=dict(given.get(name, {})),
            )
            for name in names
        ),
    )
    out.mkdir(parents=True, exist_ok=True)
    record.write(out)
    events: list[dict[str, Any]] = [{"state": "begun", "jobs": 1}]
    for name, rows in sources.items():
        write_table(out / f"{name}.csv", rows)
        events.append({"source": name, "state": "done", "ms_per_frame": 20.0})
    events += [{"source": n, "state": "failed", "reason": reasons[n]} for n in reasons]
    append_events(out / PROGRESS_FILE, [*events, {"state": "finished", "jobs": 1}])
    lines = [["source", "reason"], *map(list, reasons.items())]
    with (out / "failed.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(lines)
    return record
