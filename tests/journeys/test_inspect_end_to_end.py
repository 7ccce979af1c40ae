"""From the command to a reviewed mistake, and to a training run that applies the review."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.shell.window import MainWindow
from tests.support.example.cartoon import cartoon
from trainer.cli.commands import main as trainer_main
from trainer.data.face_data import FaceData, save
from trainer.labels import EXPRESSIONS

QUICK = (
    *("--set", "model.options={widths=[8,16,16]}"),
    *("--set", "data.crop_size=36", "--set", "data.input_size=34"),
    *("--set", "optim.epochs=2", "--set", "optim.batch_size=28", "--set", "run.loaders=1"),
)


def call(run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        run()
    return int(ended.value.code or 0)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    made = [cartoon(EXPRESSIONS[k % 7], draw) for k in range(112)]
    count = len(made)
    data = FaceData(
        name="drawn",
        classes=EXPRESSIONS,
        images=np.stack([image for image, _ in made]),
        sample_id=np.array([f"drawn-{k:03d}" for k in range(count)]),
        source_index=np.arange(count),
        split=np.array(["train"] * 84 + ["val"] * 28),
        label=np.arange(count) % 7,
        landmarks=np.stack([points for _, points in made]),
        votes=np.full((count, 7), np.nan, np.float32),
        landmark_source="files",
    )
    save(data, tmp_path / "prepared")
    return tmp_path / "prepared"


def inspecting(look: Callable[[InspectPage], None]) -> None:
    """Call `look` in the app's event loop; the app always ends afterwards."""

    def guarded() -> None:
        try:
            (window,) = (
                w
                for w in QApplication.topLevelWidgets()
                if isinstance(w, MainWindow) and w.isVisible()
            )
            (page,) = window.findChildren(InspectPage)
            look(page)
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)


def test_open_the_mistakes_of_a_run_relabel_two_and_train_on_them(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    prepared: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    train = ("train", "--data", prepared, "--recipe", "default")
    assert call(trainer_main, monkeypatch, *train, "--name", "first", *QUICK) == 0
    (run,) = (tmp_path / "runs").iterdir()
    model = run / "checkpoints" / "best.safetensors"
    evaluate = ("evaluate", "--model", model, "--data", prepared, "--split", "train")
    assert call(trainer_main, monkeypatch, *evaluate) == 0
    decided = list[str]()

    def look(page: InspectPage) -> None:
        qtbot.waitUntil(lambda: page.opened is not None, timeout=60_000)
        assert page.opened is not None
        assert page.isVisible()
        assert page.overview.name.text() == f"{run.name} · train"
        page.filters.kinds["all"].click()
        for key in ("1", "2"):
            decided.append(str(page.opened.evaluation.sample_id[page.row]))
            qtbot.keyClicks(page.grid, key)
        qtbot.waitUntil(lambda: page.detail.maps[1].caption != "", timeout=60_000)

    inspecting(look)
    assert call(main, monkeypatch, "--source", "demo", "--run", run) == 0
    assert len(set(decided)) == 2

    lines = [json.loads(line) for line in (run / "review.jsonl").read_text().splitlines()]
    named = {line["sample_id"]: line["label"] for line in lines}
    assert set(named) <= set(decided)  # a label that it had already is no decision
    apply = ("--set", f"data.review={run / 'review.jsonl'}")
    assert call(trainer_main, monkeypatch, *train, "--name", "second", *QUICK, *apply) == 0
    (second,) = (tmp_path / "runs").glob("*-second")
    config = json.loads((second / "config.json").read_text())
    assert config["config"]["data"]["review"].endswith("review.jsonl")


def test_a_run_without_an_evaluation_is_evaluated_when_it_is_opened(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    prepared: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    train = ("train", "--data", prepared, "--recipe", "default", "--name", "only", *QUICK)
    assert call(trainer_main, monkeypatch, *train) == 0
    (run,) = (tmp_path / "runs").iterdir()
    names = list[str]()

    def look(page: InspectPage) -> None:
        qtbot.waitUntil(lambda: page.opened is not None, timeout=60_000)
        assert page.opened is not None
        names.append(page.opened.evaluation.name)
        assert len(page.opened.evaluation) == 28
        page.open_menu.fill()
        names.extend(action.text() for action in page.open_menu.actions())

    inspecting(look)
    assert call(main, monkeypatch, "--source", "demo", "--page", "inspect", "--run", run) == 0
    assert names[0] == f"{run.name} · val"
    assert run.name in names[1:]
    assert (run / "eval" / "val" / "predictions.npz").is_file()


def test_a_missing_run_is_named_before_the_window_opens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(main, monkeypatch, "--run", "/nowhere/run") == 2
    assert "there is no such run or folder" in capsys.readouterr().err
    assert call(main, monkeypatch, "--page", "nowhere") == 2
    assert "Pages: live" in capsys.readouterr().err
