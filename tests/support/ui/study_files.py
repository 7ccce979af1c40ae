"""Folders of studies as `ferapp analyze … --out` leaves them, without an analysis."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferapp.studies.study_record import (
    PROGRESS_FILE,
    StudyRecord,
    StudySource,
    append_events,
)

SUMMARY_HEAD = "source,face_id,frames,seconds_seen,share_happy,share_sad,mean_p_happy,dropped"


def write_study(
    out: Path,
    names: Sequence[str],
    events: Sequence[Mapping[str, Any]],
    summary: Sequence[str] = (),
) -> Path:
    """`events` go into the progress as they are; `summary` are rows below SUMMARY_HEAD."""
    out.mkdir(parents=True, exist_ok=True)
    sources = tuple(
        StudySource(name=name, source=f"/clips/{name}.mp4", table=f"{name}.csv") for name in names
    )
    StudyRecord(
        app="ferapp 0.1.0",
        command=f"ferapp analyze /clips --out {out}",
        begun="2026-12-01T03:00:00+0000",
        jobs=2,
        sources=sources,
    ).write(out)
    append_events(out / PROGRESS_FILE, events)
    if summary:
        lines = "\n".join([SUMMARY_HEAD, *summary])
        (out / "summary.csv").write_text(f"{lines}\n", encoding="utf-8")
    return out


def begun() -> dict[str, Any]:
    return {"state": "begun", "jobs": 2}


def running(name: str, frames: int, total: int, ms: float = 10.0) -> dict[str, Any]:
    values = {"frames": frames, "total": total, "ms_per_frame": ms}
    return {"source": name, "state": "running", **values}


def done(name: str, frames: int = 100, ms: float = 10.0) -> dict[str, Any]:
    values = {"frames": frames, "total": frames, "ms_per_frame": ms}
    return {"source": name, "state": "done", **values}


def failed(name: str, reason: str) -> dict[str, Any]:
    return {"source": name, "state": "failed", "reason": reason}
