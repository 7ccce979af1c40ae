"""The Train page without the rest of the app, for its tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from ferapp.runs.check_data import check_data
from ferapp.runs.compare import compare_runs
from ferapp.ui.shell.page import Links
from ferapp.ui.train.train_page import Tools, TrainPage
from ferapp.ui.widgets.theme import apply_theme
from tests.support.example.cartoon import cartoon
from trainer.data.face_data import FaceData, save
from trainer.labels import EXPRESSIONS

SETS = {
    "model.options": "{widths = [8, 16, 16]}",
    "data.crop_size": "36",
    "data.input_size": "34",
    "optim.batch_size": "28",
    "optim.epochs": "2",
    "run.loaders": "1",
    "run.threads": "1",
}
LONG = {**SETS, "optim.epochs": "4000"}
WAIT = 90_000  # ms; torch takes seconds to start where others work, too


def save_drawn(folder: Path) -> None:
    """112 cartoons, a quarter of them `val`."""
    draw = np.random.default_rng(0)
    made = [cartoon(EXPRESSIONS[k % 7], draw) for k in range(112)]
    save(
        FaceData(
            name="drawn",
            classes=EXPRESSIONS,
            images=np.stack([image for image, _ in made]),
            sample_id=np.array([f"drawn-{k:03d}" for k in range(112)]),
            source_index=np.arange(112),
            split=np.array(["train"] * 84 + ["val"] * 28),
            label=np.arange(112) % 7,
            landmarks=np.stack([points for _, points in made]),
            votes=np.full((112, 7), np.nan, np.float32),
            landmark_source="files",
        ),
        folder,
    )


class Bench:
    """A page without the rest of the app, and what it asked of the other pages."""

    def __init__(self, runs: Path, qtbot: QtBot) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.qtbot = qtbot
        links = Links(
            go_live=lambda model: self.calls.append(("live", model)),
            compare_live=lambda a, b: self.calls.append(("compare", a, b)),
            inspect=lambda run: self.calls.append(("inspect", run)),
        )
        tools = Tools(check_data=check_data, compare=compare_runs, runs=runs)
        self.page = TrainPage(tools, links)
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        self.window.setCentralWidget(self.page)
        self.window.setMinimumSize(960, 640)
        self.window.show()

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT)

    def start(self, data: Path, sets: dict[str, str], name: str = "quick") -> None:
        form = self.page.form
        form.fill("default", str(data), sets, name)
        assert form.start.isEnabled(), form.wrong.text()
        form.start.click()

    def state(self) -> str:
        return self.page.run.state if self.page.run is not None else "none"

    def wait_for_epochs(self, count: int) -> None:
        self.wait(lambda: self.page.run is not None and len(self.page.run.confusions) >= count)


def made_bench(qtbot: QtBot, qapp: QApplication, runs: Path) -> Iterator[Bench]:
    """Its trainings end with it."""
    apply_theme(qapp, "dark")
    made = Bench(runs, qtbot)
    yield made
    for training in made.page.trainings:  # the window is closed by now: nobody minds them
        training.stop()
        training.wait(60)
    made.page.stop()


def looked(bench: Bench) -> None:
    """What the files say was asked anew, and shown."""
    bench.page._look()
    bench.wait(lambda: not bench.page.desk.busy)


class Begun:
    """A training that makes its run at the next look."""

    stopped, began = False, 0.0

    def __init__(self, made: Path) -> None:
        self.run: Path | None = None
        self._made = made

    def poll(self) -> int | None:
        self.run = self._made
        return None

    def words(self) -> str:
        return ""

    def stop(self) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def leave(self) -> None: ...
