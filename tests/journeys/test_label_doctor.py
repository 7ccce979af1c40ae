"""The loop: find wrong labels, correct them, train again, and know whether that helped."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.label_doctor.doctor_view import LabelDoctor
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.train.train_page import TrainPage
from tests.support.trainer.varied_faces import varied_faces
from tests.support.ui.train_bench import SETS
from trainer.cli.commands import main as trainer_main
from trainer.data.face_data import save

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
PLANTED = tuple(range(0, 84, 11))  # training rows with another label than they are drawn with
QUICK = tuple(part for key, value in SETS.items() for part in ("--set", f"{key}={value}"))
WAIT = 120_000  # ms


def call(run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        run()
    return int(ended.value.code or 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Drawn faces, eight of them with a wrong label."""
    drawn = varied_faces(12, ("train", "val"))
    label = drawn.label.copy()
    label[list(PLANTED)] = (label[list(PLANTED)] + 3) % 7
    save(replace(drawn, label=label), tmp_path / "drawn")
    return tmp_path / "drawn"


@pytest.fixture
def run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    train = ("train", "--data", data, "--recipe", "default", "--name", "first", *QUICK)
    assert call(trainer_main, monkeypatch, *train) == 0
    (made,) = (tmp_path / "runs").iterdir()
    return made


class Visit:
    """The real window with a run open in Inspect, and what one does there."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        (self.window,) = (
            w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()
        )
        (self.page,) = self.window.findChildren(InspectPage)
        (self.doctor,) = (view for view in self.page.views if isinstance(view, LabelDoctor))
        self.wait(lambda: self.page.opened is not None)

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT)

    def choose_split(self, split: str) -> None:
        self.page.splits.chips[split].click()
        self.wait(lambda: self.page.opened is not None and self.page.opened.split == split)
        self.wait(lambda: not self.page.opening.isVisible())

    def find(self) -> None:
        next(chip for chip in self.page.switch.chips if chip.text() == "Label doctor").click()
        self.doctor.panel.find_button.click()
        self.wait(lambda: self.doctor.diagnosis is not None)

    def press(self, key: Qt.Key) -> str:
        """The sample that the key decided about."""
        diagnosis = self.doctor.diagnosis
        assert diagnosis is not None
        sample = diagnosis.suspects[self.doctor.list.position].sample_id
        self.qtbot.keyClick(self.doctor.list, key)
        return sample

    def count(self, key: str) -> int:
        return int(self.doctor.panel.counts[key].text())


def visiting(qtbot: QtBot, visit: Callable[[Visit], None]) -> None:
    """Call `visit` in the app's event loop; the app always ends afterwards."""

    def guarded() -> None:
        try:
            visit(Visit(qtbot))
        finally:
            for box in QApplication.topLevelWidgets():
                if isinstance(box, QMessageBox) and box.isVisible():
                    box.reject()
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)


def decide(look: Visit) -> dict[str, str]:
    """Find suspects, accept three, keep one, drop one; undo the last and drop it again."""
    look.choose_split("train")  # it was evaluated on no split but val
    look.find()
    assert look.doctor.diagnosis is not None
    suspects = look.doctor.diagnosis.suspects
    assert sum(suspect.source_index in PLANTED for suspect in suspects[:6]) >= 5
    before = look.doctor.panel.rate.text()
    decided: dict[str, str] = {}
    for _ in range(3):
        decided[look.press(Qt.Key.Key_Return)] = "accepted"
    decided[look.press(Qt.Key.Key_N)] = "kept"
    decided[look.press(Qt.Key.Key_F)] = "dropped"
    assert len(decided) == 5  # each key goes on to the next suspect
    keys = ("reviewed", "accepted", "kept", "dropped")
    assert [look.count(key) for key in keys] == [5, 3, 1, 1]
    assert look.count("left") == len(suspects) - 5
    assert look.doctor.panel.rate.text() != before
    assert look.doctor.panel.retrain_button.text() == "Retrain with these 4\u00a0corrections"
    look.press(Qt.Key.Key_U)
    assert [look.count(key) for key in keys] == [4, 3, 1, 0]
    undone = suspects[look.doctor.list.position].sample_id
    assert decided[undone] == "dropped"
    look.press(Qt.Key.Key_F)
    return decided


def train_again(look: Visit, former: Path) -> str:
    """Confirm the retraining; returns the verdict, which both pages show."""
    look.doctor.panel.retrain_button.click()
    (box,) = look.window.findChildren(QMessageBox)
    assert f"All settings are those of {former.name}" in box.informativeText()
    assert "3\u00a0faces with another label and 1\u00a0face left out" in box.informativeText()
    next(each for each in box.buttons() if each.text() == "Start training").click()
    (train,) = look.window.findChildren(TrainPage)
    look.wait(train.isVisible)
    look.wait(lambda: "validation faces" in train.view.verdict.text())
    look.wait(lambda: not train.trainings)  # its process has ended: closing asks nothing
    verdict = train.view.verdict.text()
    look.window.show_page("Inspect")
    look.wait(lambda: verdict in look.doctor.panel.verdict.text())
    return verdict


def test_find_decide_train_again_and_compare(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Path
) -> None:
    decided: dict[str, str] = {}
    verdicts: list[str] = []

    def visit(look: Visit) -> None:
        decided.update(decide(look))
        verdicts.append(train_again(look, run))

    visiting(qtbot, visit)
    assert call(main, monkeypatch, "--source", "demo", "--run", run) == 0

    lines = [json.loads(line) for line in (run / "review.jsonl").read_text().splitlines()]
    last = {line["sample_id"]: line for line in lines}
    for sample, outcome in decided.items():
        line = last[sample]
        marks = {"accepted": line["label"] != "", "kept": line["kept"], "dropped": line["flag"]}
        assert [name for name, is_set in marks.items() if is_set] == [outcome]
    (second,) = (tmp_path / "runs").glob("*-first-corrected")
    former, new = (json.loads((each / "config.json").read_text()) for each in (run, second))
    assert new["config"]["data"].pop("review") == str(run / "review.jsonl")
    former["config"]["data"].pop("review")
    assert new["config"] == former["config"]  # only the labels differ

    before, after = (
        stored["logits"].argmax(axis=1) == stored["label"]
        for stored in (np.load(each / "eval/val/predictions.npz") for each in (run, second))
    )
    (text,) = verdicts
    assert f"Before (first): {100 * before.mean():.1f}\u00a0%" in text
    assert f"After: {100 * after.mean():.1f}\u00a0% of the same 84 validation faces" in text
    only_after, only_before = int((after & ~before).sum()), int((before & ~after).sum())
    if only_after or only_before:
        assert f"right on {only_after} face" in text
        assert f"{only_before} the other way" in text


def test_a_review_that_cannot_apply_is_refused_before_the_start(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Path,
    data: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def visit(look: Visit) -> None:
        look.page.filters.kinds["all"].click()
        label = look.page.opened.evaluation.label[look.page.row]  # type: ignore[union-attr]
        look.qtbot.keyClicks(look.page.grid, str((label + 1) % 7 + 1))
        look.find()  # in val, which training never learns from
        look.wait(look.doctor.panel.isVisible)
        panel = look.doctor.panel
        assert not panel.retrain_button.isEnabled()
        assert "Choose the split Train" in panel.why_not.text()
        look.choose_split("train")
        look.find()
        assert "Nothing is corrected yet" in panel.why_not.text()

    visiting(qtbot, visit)
    assert call(main, monkeypatch, "--source", "demo", "--run", run) == 0
    review = run / "review.jsonl"
    assert len(review.read_text().splitlines()) == 1
    train = ("train", "--data", data, "--name", "refused", "--set", f"data.review={review}", *QUICK)
    assert call(trainer_main, monkeypatch, *train) == 1
    error = capsys.readouterr().err
    assert "none of its 1 decisions changes a training sample" in error
    assert "choose the split train" in error
    assert [each.name for each in (tmp_path / "runs").iterdir()] == [run.name]
