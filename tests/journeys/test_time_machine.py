"""From a training to any of its epochs: what was learned when, and where each epoch looks."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.time_machine.epochs_view import EpochsView
from ferapp.ui.train.train_page import TrainPage
from tests.support.ui.train_bench import save_cartoons
from trainer.cli.commands import main as trainer_main
from trainer.training.run_dir import RunDir
from trainer.training.state import TrainState
from trainer.training.validator import Validator

QUICK = (
    *("--set", "model.options={widths=[8,16,16]}"),
    *("--set", "data.crop_size=36", "--set", "data.input_size=34"),
    *("--set", "optim.epochs=3", "--set", "optim.batch_size=28", "--set", "run.loaders=1"),
)
STEPS_PER_EPOCH = 3  # 84 drawn faces in batches of 28


def call(run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        run()
    return int(ended.value.code or 0)


def in_the_window(look: Callable[[MainWindow], None]) -> None:
    """Call `look` in the app's event loop; the app always ends afterwards."""

    def guarded() -> None:
        try:
            (window,) = (
                w
                for w in QApplication.topLevelWidgets()
                if isinstance(w, MainWindow) and w.isVisible()
            )
            look(window)
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)


def epochs_of(window: MainWindow) -> EpochsView:
    (page,) = window.findChildren(InspectPage)
    (view,) = (each for each in page.views if isinstance(each, EpochsView))
    return view


def validations(run: RunDir) -> dict[int, dict[str, object]]:
    events = map(json.loads, run.events.read_text().splitlines())
    return {event["epoch"]: event for event in events if "val_confusion" in event}


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., RunDir]:
    """Train on drawn faces, with these settings."""
    monkeypatch.chdir(tmp_path)
    save_cartoons(tmp_path / "prepared")

    def trained(*settings: str, code: int = 0) -> RunDir:
        data = ("--data", tmp_path / "prepared", "--recipe", "default", "--name", "first")
        sets = [word for setting in settings for word in ("--set", setting)]
        assert call(trainer_main, monkeypatch, "train", *data, *QUICK, *sets) == code
        (run,) = (tmp_path / "runs").iterdir()
        return RunDir(run)

    return trained


def test_from_a_run_on_the_train_page_to_where_each_epoch_looked(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    train: Callable[..., RunDir],
) -> None:
    run = train("run.keep_epochs=true")
    known = validations(run)
    assert list(known) == [0, 1, 2, 3]
    confusions, maps = dict[int, list[list[int]]](), list[bool]()

    def look(window: MainWindow) -> None:
        window.show_page("Train")
        (page,) = window.findChildren(TrainPage)
        page.list.choose(str(run.path))
        qtbot.waitUntil(lambda: page.view.epochs.isVisible(), timeout=30_000)
        page.view.epochs.click()
        view = epochs_of(window)
        qtbot.waitUntil(lambda: view.epochs is not None, timeout=60_000)
        assert view.overview.isVisible()
        slider = view.overview.bar
        assert slider.position == slider.slider.best  # the best epoch at first
        qtbot.waitUntil(lambda: not view.tasks.busy, timeout=60_000)
        for epoch in known:
            slider.slider.setValue(epoch)
            confusions[epoch] = view.overview.matrix.cell_values().astype(int).tolist()
            faces = view.watched.faces
            maps.extend(view.maps.map_of(epoch, face) is not None for face in faces)
        counts = [int(chip.text().split()[-1]) for chip in view.samples.kinds.values()]
        everything, learned, forgotten, never, always, _ = counts
        assert everything == learned + forgotten + never + always

    in_the_window(look)
    assert call(main, monkeypatch, "--source", "demo") == 0
    assert confusions == {epoch: event["val_confusion"] for epoch, event in known.items()}
    assert len(maps) == 4 * 12
    assert all(maps)


def test_a_resumed_run_has_all_its_epochs_and_one_without_history_says_why(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    train: Callable[..., RunDir],
) -> None:
    save = Validator.save

    def save_and_stop(self: Validator, state: TrainState) -> None:
        save(self, state)
        if state.step == STEPS_PER_EPOCH:
            self._run.stop.touch()

    with monkeypatch.context() as patch:
        patch.setattr(Validator, "save", save_and_stop)
        run = train(code=130)
    assert set(validations(run)) == {0, 1}
    assert call(trainer_main, monkeypatch, "resume", run.path) == 0
    epochs, notes = list[int](), list[str]()

    def look(window: MainWindow) -> None:
        (page,) = window.findChildren(InspectPage)
        view = epochs_of(window)
        page.show_view(view)
        qtbot.waitUntil(lambda: view.epochs is not None, timeout=60_000)
        assert view.epochs is not None
        epochs.extend(view.epochs.learning.epochs.tolist())
        predicted = view.epochs.learning.predicted
        assert (predicted[0] != predicted[-1]).any()
        notes.append(view.watched.note.text())
        shutil.rmtree(run.epochs)
        page.open(str(run.path))
        qtbot.waitUntil(lambda: "no epochs" in view.overview.message.text(), timeout=60_000)
        notes.append(view.overview.message.text())

    in_the_window(look)
    assert call(main, monkeypatch, "--source", "demo", "--page", "inspect", "--run", run.path) == 0
    assert epochs == [0, 1, 2, 3]
    assert "run.keep_epochs=true" in notes[0]
    assert "Train it again to record them" in notes[1]
