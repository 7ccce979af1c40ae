"""Analyses of recordings and videos that the window plays, and key presses."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt

from ferapp.live.status import RecordingStatus
from ferapp.sources.recorded import Mark, RecordedResults, Replay
from ferapp.vision.types import Analysis
from tests.support.app.tables import NO_FACES
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench

RUNNING = RecordingStatus(Path("/r/2026-11-24-200000"), 42.4, 31_400_000, 1234)
REPLAY = Replay(
    "2026-11-24-200000",
    "default",
    NO_FACES,
    (Mark(15.0, "mark", "a laugh"), Mark(45.0, "mark")),
)
KEY = Qt.Key


def key(bench: Bench, which: KEY) -> None:
    bench.qtbot.keyClick(bench.window, which)


def calls(bench: Bench, name: str) -> list[object]:
    return [value for called, value in bench.engine.calls if called == name]


def replayed(position_s: float, *, has_overlays: bool = False) -> Analysis:
    one = replace(face(), landmarks=None, crop=None)
    made = analysis(one, index=int(position_s))
    frame = replace(
        made.frame,
        time_s=position_s,
        position_s=position_s,
        recorded=RecordedResults(),
        has_overlays=has_overlays,
    )
    return replace(made, frame=frame)


def at(position_s: float) -> Analysis:
    """A frame of a video."""
    made = analysis(face(), index=int(position_s))
    return replace(made, frame=replace(made.frame, position_s=position_s))
