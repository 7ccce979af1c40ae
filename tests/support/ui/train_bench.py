"""The Train page in a window of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from ferapp.review.retraining import retraining_verdict
from ferapp.runs.checks.data_check import check_data
from ferapp.runs.compare import compare_runs
from ferapp.ui.shell.page import Links
from ferapp.ui.train.train_page import TrainPage, TrainTools
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


def save_cartoons(folder: Path) -> None:
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


class TrainBench:
    """A Train page in a window, and its calls to the other pages."""

    def __init__(self, runs: Path, qtbot: QtBot) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.qtbot = qtbot
        links = Links(
            go_live=lambda model: self.calls.append(("live", model)),
            compare_live=lambda a, b: self.calls.append(("compare", a, b)),
            inspect=lambda run: self.calls.append(("inspect", run)),
            inspect_epochs=lambda run: self.calls.append(("epochs", run)),
            inspect_cells=lambda run, cells: self.calls.append(("cells", run, str(sorted(cells)))),
        )
        tools = TrainTools(check_data, retraining_verdict, compare_runs, runs)
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
        assert form.start.isEnabled(), form.messages.problems.text()
        form.start.click()

    def state(self) -> str:
        return self.page.run.state if self.page.run is not None else "none"

    def wait_for_epochs(self, count: int) -> None:
        self.wait(lambda: self.page.run is not None and len(self.page.run.validations) >= count)


def make_train_bench(qtbot: QtBot, qapp: QApplication, runs: Path) -> Iterator[TrainBench]:
    """A bench whose trainings are stopped at the end."""
    apply_theme(qapp, "dark")
    made = TrainBench(runs, qtbot)
    yield made
    for training in made.page.trainings:  # the window is closed by now, and watches them no more
        training.stop()
        training.wait(60)
    made.page.stop()


def refresh(bench: TrainBench) -> None:
    """Read the runs' files again, and wait until they are shown."""
    bench.page._refresh()
    bench.wait(lambda: not bench.page.tasks.busy)


class StartedTraining:
    """A training process that has made its run when it is polled next."""

    was_killed_early, started_at, token, is_training = False, 0.0, "", True

    def __init__(self, made: Path) -> None:
        self.run: Path | None = None
        self._made = made

    def poll(self) -> int | None:
        self.run = self._made
        return None

    def last_output(self) -> str:
        return ""

    def stop(self) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def detach(self) -> None: ...
