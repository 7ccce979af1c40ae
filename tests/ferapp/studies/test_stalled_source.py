"""Ctrl+C ends an analysis whose source sends nothing any more, and everything before is kept."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.studies import single_source
from ferapp.studies.single_source import analyze_source
from tests.support.app.analyze_parts import ScriptedStream, rows_of
from trainer.stop_signals import any_left_behind


@pytest.fixture
def comes(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What the source waits for; it comes after the test, so that no thread is left."""
    monkeypatch.setattr(single_source, "PATIENCE_S", 0.01)
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name in ("opening", "reading"):
            thread.join()


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_address_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, comes: threading.Event
) -> None:
    def open_source(*_: object) -> None:
        press_ctrl_c()
        comes.wait()

    monkeypatch.setattr(single_source, "open_source", open_source)
    with pytest.raises(KeyboardInterrupt):
        analyze_source("http://127.0.0.1/x", None)
    assert any_left_behind()


def test_a_stream_that_stalls(
    monkeypatch: pytest.MonkeyPatch,
    comes: threading.Event,
    demo_frame: np.ndarray,
    tmp_path: Path,
) -> None:
    """What reads it is left behind, and what that uses is not closed under it."""
    closed: list[bool] = []
    table = tmp_path / "faces.csv"

    class Stalling(ScriptedStream):
        def read(self) -> Frame | None:
            frame = super().read()
            if frame is None:
                while len(rows_of(table)) < 3:  # all frames before are analysed
                    comes.wait(0.01)
                press_ctrl_c()
                comes.wait()
            return frame

        def close(self) -> None:
            closed.append(comes.is_set())

    source = Stalling(demo_frame, [0.0, 0.1, 0.2], lambda: None)
    monkeypatch.setattr(single_source, "open_source", lambda *_: source)
    summary = analyze_source("camera", table)
    assert summary.stopped
    assert any_left_behind()
    assert closed == []
    assert [row["frame"] for row in rows_of(table)] == ["0", "1", "2"]
