"""A person who teaches the app their face, and what is kept of them."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ferapp.personal.examples import Examples
from ferapp.personal.face_crops import face_pictures, prepare_examples
from ferapp.sources.base import Frame
from ferapp.ui.teach.delete_data import ForgetSheet
from ferapp.ui.teach.personal_data import Log, OwnData
from ferapp.ui.teach.teach_window import TeachSheet, Tools
from ferapp.vision.types import Analysis
from tests.support.example.cartoon import SIDE, cartoon
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench

WAIT = 240_000  # ms; a training starts in seconds, but not where others work, too
QUICK = ("optim.epochs=6", "optim.learning_rate=0.1", "run.threads=1", "run.loaders=1")


class Person:
    """In front of a camera: each look is a cartoon of what is shown, 0.6 s after the one before."""

    def __init__(self) -> None:
        self._draw = np.random.default_rng(0)
        self._number = itertools.count()

    def shows(self, expression: str, *, face_there: bool = True) -> Analysis:
        number = next(self._number)
        grey, points = cartoon(expression, self._draw)
        side = 2 * SIDE
        image = cv2.cvtColor(cv2.resize(grey, (side, side)), cv2.COLOR_GRAY2BGR)
        at = 100 + 0.6 * number
        frame = Frame(image, number, at, at, source="camera:One")
        shown = replace(
            face((side / 2, side / 2), side / 3, expression), landmarks=2 * points + 0.5
        )
        picture = np.dstack([image, np.full((side, side), 255, np.uint8)])
        made = analysis(shown, index=number)
        return replace(made, frame=frame, picture=picture, faces=(shown,) if face_there else ())


class Teaching:
    """The window with what the app learns of its user."""

    def __init__(self, bench: Bench, sets: tuple[str, ...] = QUICK) -> None:
        self.bench, self.person = bench, Person()
        self.own = OwnData(
            bench.window, bench.engine, Tools(face_pictures, prepare_examples, sets), Log()
        )

    @property
    def sheet(self) -> TeachSheet:
        assert self.own.teaching is not None
        return self.own.teaching

    @property
    def forgetting(self) -> ForgetSheet:
        assert self.own.forgetting is not None
        return self.own.forgetting

    def wait(self, condition: Callable[[], object], timeout: int = 20_000) -> None:
        self.bench.qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)

    def open(self) -> None:
        self.bench.window.actions_by_id["teach"].trigger()

    def agree(self) -> None:
        self.open()
        self.sheet.consent.agree.click()
        self.wait(lambda: self.sheet.record.chips)
        self.look("neutral")  # the camera plays

    def ask_for(self, *expressions: str) -> None:
        for name, chip in self.sheet.record.chips.items():
            chip.setChecked(name in expressions)

    def look(self, expression: str, *, face_there: bool = True) -> None:
        """One picture, until the window has seen it."""
        shown = self.person.shows(expression, face_there=face_there)
        self.bench.engine.give(shown)
        record = self.sheet.record
        self.wait(lambda: (a := record.view.analysis) is not None and a.frame is shown.frame)

    def one_take(self) -> None:
        """What is asked for is shown until its pictures are kept."""
        record, name = self.sheet.record, self.sheet.record.prompt
        before = Examples().counts()[name].takes
        while Examples().counts()[name].takes == before:
            if not record._busy:
                self.look(name)
            self.bench.qtbot.wait(1)  # a turn of the event loop
        self.wait(lambda: not record._busy)

    def record_all(self, *expressions: str) -> None:
        self.ask_for(*expressions)
        self.sheet.record.begin.click()
        while self.sheet.record.prompt:
            self.one_take()

    def train(self) -> None:
        self.sheet.record.train.click()
        self.sheet.training.start.click()


def on_disk(tmp_path: Path) -> list[Path]:
    """All that is kept of a person, wherever it may be; matplotlib's list of fonts is of nobody."""
    places = (tmp_path / name for name in ("xdg_data_home", "xdg_cache_home", "xdg_state_home"))
    found = (file for place in places for file in place.rglob("*") if file.is_file())
    return sorted(file for file in found if "matplotlib" not in file.parts)
