"""The label doctor's view: keys, what they decide, what is counted and drawn."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QMainWindow, QMessageBox
from pytestqt.qtbot import QtBot

from ferapp.review.diagnosis import Diagnosis
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.retraining import RetrainedRun, RetrainingPlan
from ferapp.runs.task_queue import ReportProgress
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.label_doctor.doctor_view import DoctorTools, LabelDoctor
from ferapp.ui.widgets import theme
from tests.support.runs.diagnoses import diagnosis, grey, opened_training
from trainer.data.label_review import Decision
from trainer.errors import DataError

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
SUSPECTS = 6


class DoctorBench:
    """The Inspect page with a label doctor that finds the first rows of what is open."""

    def __init__(self, qtbot: QtBot, opened: OpenedEvaluation) -> None:
        self.qtbot, self.opened = qtbot, opened
        self.suspects, self.error = SUSPECTS, ""
        self.gate: threading.Event | None = None  # a search waits for it
        self.retrained: RetrainedRun | None = None
        self.plans: list[tuple[RetrainingPlan, bool]] = []
        self.doctor = LabelDoctor(
            DoctorTools(
                find=self._find,
                newest_retrained=lambda review, report: self.retrained,
                retrain=lambda plan, start_now: self.plans.append((plan, start_now)),
                models=("default", "compact"),
            )
        )
        tools = InspectTools(
            open=lambda source, report: self.opened,
            explain=_never,
            open_split=_never,
            classify=_never,
            models=(),
            first="made",
            runs=Path("runs"),
        )
        self.page, self.window = InspectPage(tools, "made", [self.doctor]), QMainWindow()
        self.window.setCentralWidget(self.page)
        qtbot.addWidget(self.window)
        self.window.resize(1280, 720)
        self.window.show()
        qtbot.waitUntil(lambda: self.page.opened is not None, timeout=10_000)
        self.page.switch.chips[1].click()

    def _find(self, opened: OpenedEvaluation, features: str, report: ReportProgress) -> Diagnosis:
        if self.gate is not None:
            report("Computing the features of the faces (3 of 20)…")
            assert self.gate.wait(20)
            report("Looking for near duplicates…")
        if self.error:
            raise DataError(self.error)
        return diagnosis(opened, self.suspects)

    def find(self) -> None:
        self.doctor.panel.find_button.click()
        self.qtbot.waitUntil(lambda: self.doctor.diagnosis is not None, timeout=10_000)

    def press(self, key: Qt.Key) -> None:
        self.qtbot.keyClick(self.doctor.list, key)

    def decision(self, row: int) -> Decision | None:
        return self.page.review_bar.decisions.get(f"train-{row:05d}")

    def counts(self) -> dict[str, str]:
        return {key: label.text() for key, label in self.doctor.panel.counts.items()}


def _never(*_: object) -> OpenedEvaluation:
    raise DataError("not in this test")


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[DoctorBench]:
    theme.apply_theme(qapp, "dark")
    made = DoctorBench(qtbot, opened_training(tmp_path))
    yield made
    made.page.stop()


def test_each_key_decides_and_goes_on(bench: DoctorBench) -> None:
    bench.find()
    keys = (Qt.Key.Key_Return, Qt.Key.Key_N, Qt.Key.Key_F, Qt.Key.Key_3, Qt.Key.Key_4)
    for position, key in enumerate(keys):
        assert bench.page.row == bench.doctor.list.position == position
        bench.press(key)
    assert [bench.decision(row) for row in range(6)] == [
        Decision("sad"),  # as suggested
        Decision(kept=True),
        Decision(flag=True),
        Decision("fear"),
        Decision(kept=True),  # 4 is happy, the label that it has
        None,
    ]
    assert bench.counts() == {
        "reviewed": "5", "accepted": "1", "relabelled": "1", "kept": "2", "dropped": "1",
        "left": "1",
    }  # fmt: skip
    assert bench.doctor.list.position == 5
    saved = bench.opened.review.read_text().splitlines()
    assert len(saved) == 5


def test_undo_goes_back_to_the_sample(bench: DoctorBench) -> None:
    bench.find()
    for _ in range(2):
        bench.press(Qt.Key.Key_Return)
    bench.qtbot.keyClick(bench.doctor.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert bench.decision(1) is None
    assert bench.doctor.list.position == 1
    bench.doctor.buttons["u"].click()
    assert bench.decision(0) is None
    assert bench.doctor.list.position == 0
    assert bench.counts()["reviewed"] == "0"


def test_arrows_move_and_decide_nothing(bench: DoctorBench) -> None:
    bench.find()
    for key, position in ((Qt.Key.Key_Down, 1), (Qt.Key.Key_Down, 2), (Qt.Key.Key_Up, 1)):
        bench.press(key)
        assert bench.doctor.list.position == bench.page.row == position
    assert bench.page.review_bar.decisions == {}


def test_the_estimate_follows_the_decisions(bench: DoctorBench) -> None:
    bench.find()
    text = bench.doctor.panel.rate.text
    assert text() == "About 25.0\u00a0% of the labels are wrong"
    bench.press(Qt.Key.Key_N)
    lower = text()
    assert float(lower.split()[1].split("\u00a0")[0]) < 25
    bench.press(Qt.Key.Key_U)
    assert text() == "About 25.0\u00a0% of the labels are wrong"


def test_the_classes_are_counted_by_label(bench: DoctorBench) -> None:
    bench.find()
    bench.press(Qt.Key.Key_Return)
    cells = [[bench.doctor.panel._cell(row, k).text() for k in range(4)] for row in range(8)]
    assert cells[0] == ["Label", "Wrong", "Suspects", "Reviewed"]
    assert cells[4] == ["Happy", "25.0\u00a0%", "6", "1"]
    assert cells[5] == ["Sad", "–", "0", "0"]


def test_a_letter_decides_with_shift_too(bench: DoctorBench) -> None:
    bench.find()
    bench.qtbot.keyClick(bench.doctor.list, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert bench.decision(0) == Decision(flag=True)


def test_the_buttons_say_and_do_what_the_keys_do(bench: DoctorBench) -> None:
    bench.find()
    assert bench.doctor.buttons["enter"].text() == "Enter  Accept Sad"
    for key in ("enter", "n", "f"):
        bench.doctor.buttons[key].click()
    assert [bench.decision(row) for row in range(3)] == [
        Decision("sad"), Decision(kept=True), Decision(flag=True),
    ]  # fmt: skip


def test_a_review_is_continued_at_the_first_undecided_suspect(bench: DoctorBench) -> None:
    bench.find()
    for _ in range(2):
        bench.press(Qt.Key.Key_Return)
    bench.page.switch.show_view(0)
    bench.page.switch.chips[1].click()
    assert bench.doctor.diagnosis is not None  # what was found is still there
    assert bench.doctor.list.position == 2


def test_a_search_shows_progress_and_can_be_cancelled(bench: DoctorBench) -> None:
    bench.gate, panel = threading.Event(), bench.doctor.panel
    panel.find_button.click()
    bench.qtbot.waitUntil(lambda: "3 of 20" in panel.message.text(), timeout=10_000)
    assert panel.cancel_button.isVisible()
    assert not panel.find_button.isVisible()
    panel.cancel_button.click()
    assert panel.find_button.isVisible()
    assert not panel.message.isVisible()
    bench.gate.set()
    bench.qtbot.waitUntil(lambda: not bench.doctor._tasks.busy, timeout=10_000)
    assert bench.doctor.diagnosis is None


def test_a_search_that_fails_says_why(bench: DoctorBench) -> None:
    bench.error = "made: 5 folds, and train has only 3 of the class fear"
    bench.doctor.panel.find_button.click()
    bench.qtbot.waitUntil(
        lambda: "only 3 of the class fear" in bench.doctor.panel.message.text(), timeout=10_000
    )
    assert bench.doctor.panel.find_button.isVisible()


def test_without_labels_there_is_nothing_to_find(bench: DoctorBench) -> None:
    evaluation = replace(bench.opened.evaluation, label=bench.opened.evaluation.label * 0 - 1)
    bench.doctor.show_opened(replace(bench.opened, evaluation=evaluation), None)
    assert not bench.doctor.panel.find_button.isEnabled()
    assert bench.doctor.panel.message.text() == "These pictures have no labels."


def test_a_suspect_is_drawn_with_its_neighbours_and_decision(bench: DoctorBench) -> None:
    bench.find()
    view, model = bench.doctor.list, bench.doctor.list.suspects
    bench.press(Qt.Key.Key_Down)
    shown = [1, 2, 3, 4, 5]
    bench.qtbot.waitUntil(lambda: all(model.thumbnails.image(row) for row in shown), timeout=10_000)
    image = view.viewport().grab().toImage()
    top, left = view.visualRect(model.index(0, 0)).topLeft().toTuple()[::-1]
    assert image.pixelColor(left + 55, top + 60) == QColor(*[grey(0)] * 3)
    found = {image.pixelColor(x, top + 70).red() for x in range(left + 110, view.width() - 20)}
    assert {grey(row) for row in shown} <= found  # five similar faces
    bench.press(Qt.Key.Key_Up)
    bench.press(Qt.Key.Key_Return)
    image = view.viewport().grab().toImage()
    mark = QColor(theme.current().accent)
    assert image.pixelColor(left + 13, top + 20) == mark
    words = model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "labelled happy" in words
    assert "Suggested: sad, 90\u00a0%; the label gets 5\u00a0%." in words
    assert "Annotators: Sad 70\u00a0%, Happy 30\u00a0%" in words
    assert words.endswith("Your decision: Sad")


def test_a_retraining_is_asked_about_first(bench: DoctorBench) -> None:
    bench.find()
    panel = bench.doctor.panel
    assert not panel.retrain_button.isEnabled()
    assert "Nothing is corrected yet" in panel.why_not.text()
    bench.press(Qt.Key.Key_Return)
    assert panel.retrain_button.text() == "Retrain with this 1\u00a0correction"
    bench.press(Qt.Key.Key_F)
    assert panel.retrain_button.text() == "Retrain with these 2\u00a0corrections"
    for button, answers in (("Cancel", []), ("Change settings first…", [False])):
        panel.retrain_button.click()
        (box,) = (each for each in bench.window.findChildren(QMessageBox) if each.isVisible())
        assert box.text() == "Train again with 2\u00a0corrections?"
        assert "1\u00a0face with another label and 1\u00a0face left out" in box.informativeText()
        next(each for each in box.buttons() if each.text() == button).click()
        assert [start_now for _, start_now in bench.plans] == answers
    assert bench.plans[0][0].config.data.review == str(bench.opened.review)


def test_all_of_fer2013_never_blocks_the_window(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    """CPU time of the window's thread between two events; the best of three."""
    theme.apply_theme(qapp, "dark")
    bench = DoctorBench(qtbot, opened_training(tmp_path, 28_709))
    bench.suspects = 3000
    bench.find()
    bar = bench.doctor.list.verticalScrollBar()
    places = iter(range(0, 10**9, 9973))
    operations = {
        "show": lambda: bench.doctor.show_opened(bench.opened, None),
        "accept": lambda: bench.press(Qt.Key.Key_Return),
        "undo": lambda: bench.press(Qt.Key.Key_U),
        "scroll": lambda: bar.setValue(next(places) % bar.maximum()),
        "page down": lambda: bench.press(Qt.Key.Key_PageDown),
    }
    slowest = {}
    for name, operation in operations.items():
        tries = []
        for _ in range(3):
            start = time.thread_time()
            operation()
            qapp.processEvents()
            tries.append(time.thread_time() - start)
        slowest[name] = min(tries)
    bench.page.stop()
    assert max(slowest.values()) < 0.050, slowest
