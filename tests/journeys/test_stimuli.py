"""Stimuli shown while a face is recorded: from the list to the curves, with a scripted source.

The person smiles at pleasant stimuli, and at no others: the analysis gives `happy` 0.9 for frames
that arrived while one was on the screen, else 0.2.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.live.engine import Engine
from ferapp.recording.session import read_session
from ferapp.studies.report.stimulus_section import condition_means
from ferapp.studies.stimuli.trials import trials_of
from ferapp.studies.study_record import StudySource
from ferapp.studies.study_tables import read_source_table
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.stimuli.setup_dialog import SetupDialog
from ferapp.ui.stimuli.stimuli_controller import ALL_SHOWN, DECLINED, StimuliController
from ferapp.ui.widgets.theme import apply_theme
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import Analysis, Prediction
from tests.support.app.engine_parts import FakeClassifier
from tests.support.app.recording_parts import MODEL, KnownAnalyzer, face, only, parts, rows
from tests.support.sources.scripted import FakeCamera, Studio
from trainer.labels import EXPRESSIONS

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

WAIT = 20_000  # ms
HAPPY = EXPRESSIONS.index("happy")
SMILE, REST = 0.9, 0.2
LIST = """file;seconds;fixation;condition;block
sun.png;0,3;0,2;pleasant;1
box.png;0,3;0,2;neutral;1
balloon.png;0,3;0,2;pleasant;2
"""


@dataclass
class Person:
    """Smiles from the moment of a pleasant stimulus to the next event: times and shares."""

    changes: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, REST)])

    def see(self, kind: str, note: str, at: float) -> None:
        smiles = kind == "stimulus" and note != "box.png"
        self.changes.append((at, SMILE if smiles else REST))

    def share(self, at: float) -> float:
        return next(share for when, share in reversed(self.changes) if when <= at)


@dataclass
class Laboratory:
    window: MainWindow
    qtbot: QtBot
    person: Person
    folder: Path  # of the recordings

    @property
    def stimuli(self) -> StimuliController:
        return self.window.stimuli

    @property
    def dialog(self) -> SetupDialog:
        assert self.stimuli.dialog is not None
        return self.stimuli.dialog

    def set_up(self, file: Path) -> None:
        self.window.actions_by_id["stimuli"].trigger()
        self.dialog.check(file)
        self.qtbot.waitUntil(self.dialog.start.isEnabled, timeout=WAIT)

    def agree(self) -> None:
        self.dialog.start.click()
        assert self.stimuli.consent is not None
        self.stimuli.consent.agree.click()
        assert self.stimuli.presentation is not None
        self.stimuli.presentation.happened.connect(self.person.see)

    def press(self, key: Qt.Key) -> None:
        assert self.stimuli.screen is not None
        self.qtbot.keyClick(self.stimuli.screen._window, key)

    def wait_for_report(self) -> Path:
        self.qtbot.waitUntil(
            lambda: not self.stimuli.is_on and self.dialog.report.isVisible(), timeout=WAIT
        )
        return only(self.folder)


def make_analyzer(person: Person) -> Any:
    class Watcher(KnownAnalyzer):
        def analyze(
            self,
            frame: Any,
            model: FakeClassifier | None,
            options: AnalysisOptions,
            *,
            paint: bool,
            detections: list[object],
        ) -> Analysis:
            plain = super().analyze(frame, model, options, paint=paint, detections=detections)
            values = np.full(len(EXPRESSIONS), 0.0, np.float32)
            values[HAPPY] = person.share(frame.captured_at)
            values[HAPPY - 1] = 1 - values[HAPPY]
            one = replace(face(0), face_id=0, predictions=(Prediction(MODEL, values, values),))
            return replace(plain, faces=(one,)) if model is not None else plain

    return Watcher


@pytest.fixture
def laboratory(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Laboratory]:
    apply_theme(qapp, "dark")
    person = Person()
    studio = Studio()
    studio.add(FakeCamera("One", 60))
    engine = Engine(
        "camera:One", "one", "cpu", parts=replace(parts(studio), analyzer=make_analyzer(person))
    )
    store = SettingsStore()
    store.change(recordings=str(tmp_path / "recordings"), record_clean=False)
    window = MainWindow(engine, store)
    qtbot.addWidget(window, before_close_func=MainWindow.close_at_once)
    window.show()
    engine.start()
    yield Laboratory(window, qtbot, person, tmp_path / "recordings")
    window.close_at_once()


@pytest.fixture
def stimulus_list(tmp_path: Path) -> Path:
    folder = tmp_path / "list"
    folder.mkdir()
    for number, name in enumerate(("sun.png", "box.png", "balloon.png")):
        cv2.imwrite(str(folder / name), np.full((30, 40, 3), 80 * number, np.uint8))
    (folder / "stimuli.csv").write_text(LIST, encoding="utf-16")
    (folder / "consent.txt").write_text("May we record your face?", encoding="utf-8")
    return folder / "stimuli.csv"


def test_a_whole_run_gives_events_columns_and_curves(
    laboratory: Laboratory, stimulus_list: Path, qtbot: QtBot
) -> None:
    laboratory.set_up(stimulus_list)
    dialog = laboratory.dialog
    dialog.seed.setValue(4)
    plan = dialog.plan
    assert plan is not None
    order = [stimulus.file for stimulus in plan.stimuli]
    assert order != ["sun.png", "box.png", "balloon.png"]  # shuffled by this seed
    shown = [dialog.table.item(row, 1).text() for row in range(3)]  # type: ignore[union-attr]
    assert shown == order
    assert dialog.total.text().startswith("3 stimuli (")
    assert "2 pleasant" in dialog.total.text()
    assert dialog.total.text().endswith("0:02 with the fixations.")
    laboratory.agree()
    presentation = laboratory.stimuli.presentation
    assert presentation is not None
    with qtbot.waitSignal(presentation.ended, timeout=WAIT) as ended:
        pass
    assert ended.args == [""]
    laboratory.press(Qt.Key.Key_Space)  # the last page is read
    folder = laboratory.wait_for_report()
    assert laboratory.dialog.ending.text().startswith(ALL_SHOWN)

    events = rows(folder / "events.csv")
    kinds = [event["kind"] for event in events]
    assert kinds == ["consent", *["fixation", "stimulus"] * 3, "completed"]
    assert [e["note"] for e in events if e["kind"] == "stimulus"] == order
    about = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    noted = about["settings"]["stimuli"]
    assert noted["seed"] == 4
    assert noted["consent"]["text"] == "May we record your face?"
    assert [row["file"] for row in noted["order"]] == order
    assert {row["others"]["block"] for row in noted["order"]} == {"1", "2"}
    assert about["columns"].keys() >= {"stimulus", "stimulus_time_s", "condition"}
    check_columns(folder)
    check_durations(folder)
    check_curves(folder)


def check_columns(folder: Path) -> None:
    """Each row agrees with the events alone."""
    events = [(float(e["time_s"]), e["kind"], e["note"]) for e in rows(folder / "events.csv")]
    conditions = {"sun.png": "pleasant", "balloon.png": "pleasant", "box.png": "neutral"}
    found = rows(folder / "faces.csv")
    assert list(found[0])[-9:-6] == ["stimulus", "stimulus_time_s", "condition"]
    seen = set()
    for row in found:
        at = float(row["time_s"])
        before = [event for event in events if event[0] <= at]
        kind, note = before[-1][1:] if before else ("", "")
        if kind not in ("fixation", "stimulus"):
            assert (row["stimulus"], row["stimulus_time_s"], row["condition"]) == ("", "", "")
            continue
        onset = next(when for when, what, file in events if what == "stimulus" and file == note)
        assert row["stimulus"] == note
        assert row["condition"] == conditions[note]
        assert float(row["stimulus_time_s"]) == pytest.approx(at - onset, abs=0.0011)
        assert (float(row["stimulus_time_s"]) < 0) == (kind == "fixation")
        seen.add((note, kind))
    assert len(seen) == 6


def check_durations(folder: Path) -> None:
    """Never shorter than asked; how much longer depends on the machine."""
    for stimulus in read_session(folder).stimuli:
        assert stimulus.onset_s - stimulus.begin_s >= stimulus.fixation - 0.002
        assert stimulus.end_s - stimulus.onset_s >= stimulus.seconds - 0.002
        assert (stimulus.fixation, stimulus.seconds) == (0.2, 0.3)
        assert not stimulus.is_cut_short


def check_curves(folder: Path) -> None:
    """The change from the fixation: 0.7 where the person smiled, by hand from the table, too."""
    table = read_source_table(
        folder, StudySource(name="one", source=str(folder), table="faces.csv")
    )
    trials = trials_of(table, list(EXPRESSIONS))
    means, unit = condition_means(trials)
    assert unit == "stimulus"
    by_name = {group.value: group for group in means}
    assert by_name.keys() == {"pleasant", "neutral"}
    for name, change in (("pleasant", SMILE - REST), ("neutral", 0.0)):
        group = by_name[name]
        assert group.means.mean[HAPPY] == pytest.approx(change, abs=0.1)
        assert group.curves is not None
        middle = group.curves.mean[len(group.curves.mean) // 2]
        assert middle[HAPPY] == pytest.approx(change, abs=0.02)
    assert by_name["pleasant"].means.n[HAPPY] == 2
    assert by_name["pleasant"].means.low[HAPPY] <= by_name["pleasant"].means.mean[HAPPY]
    assert np.isnan(by_name["neutral"].means.low).all()  # one showing has no interval
    with (folder / "faces.csv").open(encoding="utf-8", newline="") as stream:
        box = [row for row in csv.DictReader(stream) if row["condition"] == "neutral"]
    happy = np.array([[float(r["stimulus_time_s"]), float(r["p_happy"])] for r in box])
    after, before = happy[happy[:, 0] >= 0, 1], happy[happy[:, 0] < 0, 1]
    assert by_name["neutral"].means.mean[HAPPY] == pytest.approx(after.mean() - before.mean())
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "By condition of the stimuli" in report
    assert "pleasant <small>(n = 2)" in report


def test_esc_in_the_middle_leaves_a_whole_recording(
    laboratory: Laboratory, stimulus_list: Path, qtbot: QtBot
) -> None:
    long = LIST.replace("box.png;0,3", "box.png;600")
    stimulus_list.write_text(long, encoding="utf-8")
    laboratory.set_up(stimulus_list)
    laboratory.dialog.is_random.setChecked(False)
    laboratory.agree()
    presentation = laboratory.stimuli.presentation
    assert presentation is not None
    seen: list[str] = []
    presentation.happened.connect(lambda kind, note, at: seen.append(kind))
    qtbot.waitUntil(lambda: seen.count("stimulus") == 2, timeout=WAIT)
    laboratory.press(Qt.Key.Key_Escape)
    assert laboratory.stimuli.screen is None  # at once
    folder = laboratory.wait_for_report()
    assert "Esc" in laboratory.dialog.ending.text()
    events = rows(folder / "events.csv")
    assert [event["kind"] for event in events][-2:] == ["stimulus", "stopped"]
    assert "at 2 of 3, box.png" in events[-1]["note"]
    session = read_session(folder)
    assert session.is_complete
    assert [stimulus.file for stimulus in session.stimuli] == ["sun.png", "box.png"]
    assert [stimulus.is_cut_short for stimulus in session.stimuli] == [False, True]
    assert {row["stimulus"] for row in rows(folder / "faces.csv")} >= {"sun.png", "box.png"}


def test_without_consent_nothing_is_recorded(
    laboratory: Laboratory, stimulus_list: Path, qtbot: QtBot
) -> None:
    laboratory.set_up(stimulus_list)
    laboratory.dialog.start.click()
    page = laboratory.stimuli.consent
    assert page is not None
    assert page.text.toPlainText() == "May we record your face?"
    qtbot.keyClick(page, Qt.Key.Key_Return)  # by itself no answer
    assert laboratory.stimuli.consent is page
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert laboratory.dialog.ending.text() == DECLINED
    assert not laboratory.folder.exists()
    assert laboratory.window._engine.status().recording is None


def test_a_recording_that_ends_by_itself_ends_the_stimuli(
    laboratory: Laboratory, stimulus_list: Path, qtbot: QtBot
) -> None:
    laboratory.set_up(stimulus_list)
    laboratory.agree()
    presentation = laboratory.stimuli.presentation
    assert presentation is not None
    qtbot.waitUntil(lambda: presentation.is_running, timeout=WAIT)
    laboratory.window.actions_by_id["record"].trigger()  # the operator stops it
    folder = laboratory.wait_for_report()
    assert "The recording was stopped" in laboratory.dialog.ending.text()
    assert "stimulus" in rows(folder / "faces.csv")[0]


def test_closing_the_window_completes_the_recording(
    laboratory: Laboratory, stimulus_list: Path, qtbot: QtBot
) -> None:
    laboratory.set_up(stimulus_list)
    laboratory.agree()
    presentation = laboratory.stimuli.presentation
    assert presentation is not None
    with qtbot.waitSignal(presentation.happened, timeout=WAIT):
        pass
    laboratory.window.close_at_once()
    events = rows(only(laboratory.folder) / "events.csv")
    assert events[-1]["kind"] == "stopped"
    assert read_session(only(laboratory.folder)).is_complete
