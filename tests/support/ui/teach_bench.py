"""A person who teaches a model their face, and what is stored about them."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ferapp.personal.examples import ExampleStore
from ferapp.personal.face_crops import face_crop_pngs, prepare_examples
from ferapp.sources.base import Frame
from ferapp.ui.teach.delete_data import DeleteDataDialog
from ferapp.ui.teach.personal_data import ErasableLog, PersonalData
from ferapp.ui.teach.teach_window import TeachTools, TeachWindow
from ferapp.vision.types import Analysis
from tests.support.example.cartoon import SIDE, cartoon
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench

WAIT = 240_000  # ms; a training starts in seconds, but not on a busy machine
QUICK = ("optim.epochs=6", "optim.learning_rate=0.1", "run.threads=1", "run.loaders=1")


class Person:
    """In front of a camera: every frame is a cartoon of an expression, 0.6 s after the last."""

    def __init__(self) -> None:
        self._draw = np.random.default_rng(0)
        self._number = itertools.count()

    def shows(self, expression: str, *, has_face: bool = True) -> Analysis:
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
        return replace(made, frame=frame, picture=picture, faces=(shown,) if has_face else ())


class TeachBench:
    """A window with the dialogs about personal data, and a person in front of the camera."""

    def __init__(self, bench: Bench, settings: tuple[str, ...] = QUICK) -> None:
        self.bench, self.person = bench, Person()
        self.personal_data = PersonalData(
            bench.window,
            bench.engine,
            TeachTools(face_crop_pngs, prepare_examples, settings),
            ErasableLog(),
        )

    @property
    def dialog(self) -> TeachWindow:
        assert self.personal_data.teach_window is not None
        return self.personal_data.teach_window

    @property
    def delete_dialog(self) -> DeleteDataDialog:
        assert self.personal_data.delete_dialog is not None
        return self.personal_data.delete_dialog

    def wait(self, condition: Callable[[], object], timeout: int = 20_000) -> None:
        self.bench.qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)

    def open(self) -> None:
        self.bench.window.actions_by_id["teach"].trigger()

    def agree(self) -> None:
        self.open()
        self.dialog.consent.agree.click()
        self.wait(lambda: self.dialog.record.chips)
        self.show("neutral")  # the camera plays

    def select_classes(self, *expressions: str) -> None:
        for name, chip in self.dialog.record.chips.items():
            chip.setChecked(name in expressions)

    def show(self, expression: str, *, has_face: bool = True) -> None:
        """Show one frame, and wait until the dialog has it."""
        shown = self.person.shows(expression, has_face=has_face)
        self.bench.engine.give(shown)
        record = self.dialog.record
        self.wait(lambda: (a := record.view.analysis) is not None and a.frame is shown.frame)

    def record_take(self) -> None:
        """Show the requested expression until its pictures are stored."""
        record, name = self.dialog.record, self.dialog.record.prompt
        before = ExampleStore().counts()[name].takes
        while ExampleStore().counts()[name].takes == before:
            if not record._is_storing:
                self.show(name)
            self.bench.qtbot.wait(1)  # a turn of the event loop
        self.wait(lambda: not record._is_storing)

    def record_all(self, *expressions: str) -> None:
        self.select_classes(*expressions)
        self.dialog.record.begin.click()
        while self.dialog.record.prompt:
            self.record_take()

    def train(self) -> None:
        self.dialog.record.train.click()
        self.dialog.training.start.click()


def on_disk(tmp_path: Path) -> list[Path]:
    """All files stored about a person, wherever they are; not matplotlib's list of fonts."""
    places = (tmp_path / name for name in ("xdg_data_home", "xdg_cache_home", "xdg_state_home"))
    found = (file for place in places for file in place.rglob("*") if file.is_file())
    return sorted(file for file in found if "matplotlib" not in file.parts)
