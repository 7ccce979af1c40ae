"""The window closes at once, whatever a page is doing; the camera and recordings end first."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ferapp import app
from ferapp.review import opening
from ferapp.review.opening import OpenedEvaluation
from ferapp.runs.checks.data_check import CheckProgress, DataCheck, DataChoice, ReportCheck
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.train.train_page import TrainPage
from tests.support.ui.window_bench import Bench

Say = Callable[[str], None]


class Endless:
    """Work that reports and never ends by itself."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self, say: Say) -> None:
        try:
            for _ in range(20_000):
                say("Reading picture 1 of many …")
                self.begun.set()
                time.sleep(0.001)
        finally:
            self.ended.set()


def test_a_data_check_and_an_evaluation_that_opens_end_with_the_window(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checks, opens = Endless(), Endless()

    def check_data(choice: DataChoice, report: ReportCheck) -> DataCheck:
        checks(lambda stage: report(CheckProgress(stage)))
        raise AssertionError("it went on to its end")

    def open_evaluation(source: str, model: str, say: Say) -> OpenedEvaluation:
        opens(say)
        raise AssertionError("it went on to its end")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "check_data", check_data)
    monkeypatch.setattr(opening, "open_evaluation", open_evaluation)
    app.add_pages(bench.window, bench.window.store)
    bench.window.show_page("Train")
    train, inspect = bench.window.findChild(TrainPage), bench.window.findChild(InspectPage)
    train.form.check_requested.emit(DataChoice("faces"))
    inspect.open("faces")
    assert checks.begun.wait(20)
    assert opens.begun.wait(20)
    assert not checks.ended.is_set()
    began = time.monotonic()
    bench.window.close()
    assert time.monotonic() - began < 10  # by itself each goes on for longer than 20 s
    assert checks.ended.is_set()
    assert opens.ended.is_set()


def test_camera_and_recordings_end_before_a_slow_task(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that reports nothing for a while delays only itself."""
    begun, closed = threading.Event(), threading.Event()
    close, in_time, seen = bench.engine.close, list[bool](), list[bool]()

    def close_and_tell() -> None:
        close()
        seen.append(bench.window.isVisible())
        closed.set()

    def silent(source: str, model: str, say: Say) -> OpenedEvaluation:
        begun.set()
        in_time.append(closed.wait(20))
        raise opening.DataError("nothing")

    monkeypatch.setattr(bench.engine, "close", close_and_tell)
    monkeypatch.setattr(opening, "open_evaluation", silent)
    app.add_pages(bench.window, bench.window.store)
    bench.window.findChild(InspectPage).open("faces")
    assert begun.wait(20)
    bench.window.close()
    assert in_time == [True]
    assert seen == [False]
