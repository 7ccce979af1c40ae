"""How long the session timeline takes to repaint with an hour of eight faces.

    python tests/benchmarks/timeline_repaint.py [REPAINTS]

Offscreen at 1280 × 720, 30 analyses a second and face, every repaint with a frame more. Prints one
JSON object: milliseconds at p50 and p95 over the hour and over parts of it.
"""

import json
import os
import sys
import time

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
from PySide6.QtWidgets import QApplication

from ferapp.bench.process_usage import resident_mb
from ferapp.ui.timeline.session_history import Event, FaceHistory, SessionHistory
from ferapp.ui.timeline.session_timeline import SessionTimeline
from ferapp.ui.timeline.time_series import Rows, TimeSeries
from ferapp.ui.widgets import theme
from ferapp.vision.signals import SIGNALS

FACES, RATE, HOUR_S = 8, 30, 3600.0
SPANS_S = {"hour": HOUR_S, "ten_minutes": 600.0, "minute": 60.0, "five_seconds": 5.0}
SIZE = (1280, 720)


def an_hour() -> SessionHistory:
    """Slow changes with noise, a break about every three minutes, a tenth in doubt."""
    draw = np.random.default_rng(0)
    history = SessionHistory(has_positions=True, duration_s=HOUR_S, selected=1, cursor_s=1800.0)
    count = int(HOUR_S * RATE)
    times = np.arange(count) / RATE
    signals = draw.random((count, len(SIGNALS)), np.float32)
    for face in range(1, FACES + 1):
        phases = [np.sin(times / (20 + 7 * face + 13 * k) + k * face) for k in range(7)]
        scores = 3 * np.stack(phases, axis=1) + draw.normal(0, 0.3, (count, 7))
        shares = np.exp(scores)
        shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        stretch = np.arange(count, dtype=np.int32) // 5000
        doubts = (np.arange(count) % 9000 < 900).astype(np.uint8)
        half, coarse = shares.astype(np.float16), signals.astype(np.float16)
        rows = Rows(times, stretch, shares, half, coarse, doubts)
        history.faces[face] = FaceHistory(TimeSeries.of_rows(rows))
    none = np.empty((count, 0), np.float32)
    no_doubts = np.zeros(count, np.uint8)
    history.frames = TimeSeries.of_rows(
        Rows(times, stretch, none, none.astype(np.float16), none.astype(np.float16), no_doubts)
    )
    history.events = [Event(100.0 * i, "mark", "note") for i in range(36)]
    return history


def repaint_ms(timeline: SessionTimeline, span_s: float, repaints: int) -> dict[str, float]:
    history = timeline.history
    timeline.show_range(1800 - span_s / 2, 1800 + span_s / 2)
    unknown = np.full(len(SIGNALS), np.nan, np.float32)
    taken: list[float] = []
    for number in range(repaints + 1):
        for face in history.faces:
            value = np.full(7, 1 / 7, np.float32)
            series = history.faces[face].series
            series.put(1800 + 0.004 * number, 10, value, value, unknown)
        history.revision += 1
        history.changes += 1
        began = time.perf_counter()
        timeline.repaint()
        taken.append(1000 * (time.perf_counter() - began))
    p50, p95 = np.percentile(taken[1:], [50, 95])  # the first one summarises the whole hour
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "first": round(taken[0], 1)}


def main(repaints: int) -> None:
    app = QApplication([])
    theme.apply_theme(app, "dark")
    before = resident_mb()
    timeline = SessionTimeline(an_hour())
    memory = resident_mb() - before
    timeline.resize(*SIZE)
    timeline.show()
    app.processEvents()
    result: dict[str, object] = {
        name: repaint_ms(timeline, span, repaints) for name, span in SPANS_S.items()
    }
    timeline.show_lanes(("Head", "Eyes", "Brows"))
    result["hour_with_three_lanes"] = repaint_ms(timeline, HOUR_S, repaints)
    print(json.dumps({"repaint_ms": result, "history_mib": round(memory, 1)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
