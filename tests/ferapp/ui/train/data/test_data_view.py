"""The data check on the Train page: its sentences, and when it blocks a training."""

import os
import re
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from ferapp.runs.checks.data_check import (
    CheckProgress,
    DataCheck,
    DataChoice,
    ReportCheck,
    check_data,
)
from ferapp.ui.text.time_left import StageClock
from ferapp.ui.train.data.bad_samples import BadSamplesDialog
from ferapp.ui.train.data.data_pictures import PicturesDialog
from ferapp.ui.train.data.data_text import progress_text
from ferapp.ui.train.data.data_view import DataView
from ferapp.ui.widgets import theme
from tests.support.runs.flawed_data import flawed_data
from tests.support.runs.run_files import make_run, started, step
from tests.support.ui.train_bench import (
    LONG,
    SETS,
    WAIT,
    StartedTraining,
    TrainBench,
)
from trainer.data.face_data import save
from trainer.labels import EXPRESSIONS

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_data_that_cannot_be_opened_is_reported_in_place_of_the_check(
    bench: TrainBench, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    bench.start(tmp_path / "empty", SETS)
    bench.wait(lambda: not bench.page.trainings)
    assert "layout of this data set is not recognised" in bench.page.data.text.text()
    bench.page.form.check.click()
    bench.wait(lambda: "not recognised" in bench.page.data.text.text())


def test_a_check_is_shown_only_while_its_data_is_chosen(
    bench: TrainBench, prepared: Path, tmp_path: Path
) -> None:
    page, form, words = bench.page, bench.page.form, bench.page.data.text
    (tmp_path / "empty").mkdir()
    form.data.setText(str(tmp_path / "empty"))
    assert form.validate()
    form.check.click()
    bench.wait(lambda: "not recognised" in words.text())
    assert not form.start.isEnabled()
    assert "not recognised" in form.messages.problems.text()
    form.data.setText(str(prepared))
    assert "press Check" in words.text()
    assert form.validate()
    form.check.click()
    bench.wait(lambda: "drawn" in words.text())
    assert page.data.face_sheet.sizeHint().height() > 0
    assert form.start.isEnabled()
    form.data.setText(f"{prepared}-other")
    assert "press Check" in words.text()
    assert page.data.face_sheet.sizeHint().height() == 0
    form.data.setText(str(prepared))
    assert "drawn" in words.text()


def test_the_check_reads_the_data_as_the_form_says(bench: TrainBench, tmp_path: Path) -> None:
    """Folders with numbers have no classes until the settings say them."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for number in (1, 2):
            folder = tmp_path / split / str(number)
            folder.mkdir(parents=True)
            for k in range(2):
                cv2.imwrite(str(folder / f"{k}.png"), rng.integers(0, 255, (48, 48), np.uint8))
    page, form, words = bench.page, bench.page.form, bench.page.data.text
    form.data.setText(str(tmp_path))
    form.validate()
    form.check.click()
    bench.wait(lambda: "Class numbers differ" in words.text())
    assert not form.start.isEnabled()
    form.rows["data.class_map"].set_text('["1=happy", "2=sad"]')
    assert form.validate()  # what was wrong with the data may be right now
    assert "press Check" in words.text()
    form.check.click()
    bench.wait(lambda: "8\u00a0samples" in words.text())
    checked = page.checking.result[1]
    assert isinstance(checked, DataCheck)
    assert checked.counts["train"]["happy"] == checked.counts["val"]["sad"] == 2
    form.rows["data.class_map"].set_text('["1=hapy", "2=sad"]')
    form.validate()
    form.check.click()
    bench.wait(lambda: "Did you mean happy?" in words.text())


def test_an_old_error_disappears_when_a_training_begins(bench: TrainBench, tmp_path: Path) -> None:
    page = bench.page
    page.form.data.setText(str(tmp_path))
    page.checking.show_error(page.form.data_choice, "Error: it cannot be read")
    run = make_run(tmp_path / "runs", [started(), step(5)]).path
    page.trainings.append(StartedTraining(run))  # type: ignore[arg-type]
    page._refresh()
    assert "press Check" in page.data.text.text()


def test_no_training_starts_while_data_is_checked(
    bench: TrainBench, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would write the same cache folder."""
    page, form, finish = bench.page, bench.page.form, threading.Event()

    def check_slowly(choice: DataChoice, report: ReportCheck) -> DataCheck:
        assert finish.wait(WAIT / 1000)
        return check_data(choice, report)

    page.checking.check = check_slowly
    form.fill("default", str(prepared), SETS, "quick")
    try:
        form.check.click()
        form.run_name.setText("another")  # validates the form, but does not unblock it
        assert not form.validate()
        assert not form.start.isEnabled()
        assert form.start.toolTip() == "The data is being checked."
    finally:
        finish.set()
    bench.wait(form.start.isEnabled)
    assert form.check.isEnabled()
    assert "checked" not in form.start.toolTip() + form.check.toolTip()


def test_a_training_that_prepares_its_data_is_shown_and_can_be_stopped(
    bench: TrainBench, tmp_path: Path
) -> None:
    page, form, data = bench.page, bench.page.form, bench.page.data
    os.mkfifo(tmp_path / "faces.csv")  # nothing writes into it: the training waits for its data
    bench.start(tmp_path / "faces.csv", LONG)
    (training,) = page.trainings
    assert "Preparing data (0 s). The first time takes longer." in data.preparing.text()
    assert "is preparing its data" in form.start.toolTip()
    assert not form.validate()
    assert not form.start.isEnabled()
    assert not form.check.isEnabled()
    data.stop.click()
    assert training.poll() is not None
    assert page.trainings == []
    assert not data.stop.isVisible()
    assert "stopped before it began" in data.text.text()
    assert form.start.isEnabled()


def checked(**values: object) -> DataCheck:
    """A check of flawless data, with changes."""
    counts = {split: dict.fromkeys(EXPRESSIONS, 10) for split in ("train", "val")}
    flawless = DataCheck(
        name="made",
        classes=EXPRESSIONS,
        counts=counts,
        samples=140,
        without_landmarks=0,
        with_votes=0,
        leaked=0,
        conflicting=0,
        skipped=(),
        examples={},
    )
    return replace(flawless, **values)


def sentences(qtbot: QtBot, check: DataCheck) -> str:
    view = DataView()
    qtbot.addWidget(view)
    view.show_check(check)
    without_links = re.sub("</?a[^>]*>", "", view.text.text())
    return without_links.replace("\u00a0", " ")


def test_the_sentences_about_flawless_data(qtbot: QtBot) -> None:
    text = sentences(qtbot, checked())
    for sentence in (
        "Every sample has landmarks.",
        "No training picture also appears in another split.",
        "No picture has a copy with another label.",
        "Every sample could be read.",
    ):
        assert sentence in text


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (
            1,
            (
                "1 of 140 samples has no landmarks (0.7 %); it is cropped without alignment.",
                "1 training picture also appears in another split, pixel for pixel; "
                "data.drop_leaked leaves it out.",
                "1 picture has a copy with another label.",
                "1 sample has annotators' votes",
                "1 sample could not be read and is left out:",
            ),
        ),
        (
            2,
            (
                "2 of 140 samples have no landmarks (1.4 %); they are cropped without alignment.",
                "2 training pictures also appear in another split, pixel for pixel; "
                "data.drop_leaked leaves them out.",
                "2 pictures have copies with another label.",
                "2 samples have annotators' votes",
                "2 samples could not be read and are left out:",
            ),
        ),
    ],
)
def test_the_sentences_about_flaws_in_singular_and_plural(
    qtbot: QtBot, count: int, expected: tuple[str, ...]
) -> None:
    flawed = checked(
        without_landmarks=count,
        leaked=count,
        conflicting=count,
        with_votes=count,
        skipped=("<bad>.jpg is truncated",) * count,
    )
    text = sentences(qtbot, flawed)
    for sentence in expected:
        assert sentence in text
    assert "&lt;bad&gt;.jpg" in text


def test_a_class_without_training_pictures_is_named(qtbot: QtBot) -> None:
    train = {name: 10 for name in EXPRESSIONS if name != "neutral"}
    counts = {"train": train, "val": dict.fromkeys(EXPRESSIONS, 10)}
    text = sentences(qtbot, checked(counts=counts))
    assert "No training pictures of neutral. The model cannot learn it." in text
    assert f'color:{theme.current().warning}">No training pictures' in text


def test_a_check_shows_how_far_it_is_and_can_be_cancelled(
    bench: TrainBench, prepared: Path
) -> None:
    page, form, view = bench.page, bench.page.form, bench.page.data
    reported, finish = threading.Event(), threading.Event()

    def check_slowly(choice: DataChoice, report: ReportCheck) -> DataCheck:
        report(CheckProgress("landmarks", 300, 1000))
        reported.set()
        assert finish.wait(WAIT / 1000)
        report(CheckProgress("landmarks", 301, 1000))
        raise AssertionError("it was cancelled")

    page.checking.check = check_slowly
    form.data.setText(str(prepared))
    form.validate()
    try:
        form.check.click()
        bench.wait(reported.is_set)
        bench.wait(lambda: view.bar.value() == 300)
        assert (view.bar.isVisible(), view.bar.maximum()) == (True, 1000)
        assert view.state.text() == "Finding landmarks (300 of 1,000)…"
        view.cancel.click()
        assert view.state.text() == "Cancelling…"
        assert not form.start.isEnabled()  # it still works on the folder
    finally:
        finish.set()
    bench.wait(form.start.isEnabled)
    assert "was cancelled" in view.text.text()
    assert not view.progress.isVisible()


def test_the_time_left_follows_the_rate_of_the_stage() -> None:
    clock = StageClock()
    assert clock.seconds_left("landmarks", 200, 1000, 50.0) is None
    assert clock.seconds_left("landmarks", 210, 1000, 50.5) is None  # too early
    # it went on at 200: 40 in 2 s leave 760 for 38 s
    assert clock.seconds_left("landmarks", 240, 1000, 52.0) == pytest.approx(38.0)
    assert clock.seconds_left("reading", 0, 1000, 53.0) is None
    progress = CheckProgress("landmarks", 240, 1000)
    assert progress_text(progress, 38.2) == "Finding landmarks (240 of 1,000)… 0:38 left"


def test_a_number_opens_the_pictures_it_counts(bench: TrainBench, tmp_path: Path) -> None:
    save(flawed_data(), tmp_path / "data")
    page, form = bench.page, bench.page.form
    form.data.setText(str(tmp_path / "data"))
    form.validate()
    form.check.click()
    bench.wait(lambda: isinstance(page.checking.result[1], DataCheck))
    data, bars = flawed_data(), page.data.counts.bars
    assert bars["train", "sad"].text() == "7"
    missing = bars["val", "neutral"]
    assert (missing.text(), missing.isEnabled()) == ("none", False)
    assert missing.accessibleName() == "Neutral, val: none"
    warning = QColor(theme.current().warning)
    edge = missing.grab().toImage().pixelColor(missing.width() // 2, 1)
    assert abs(edge.red() - warning.red()) + abs(edge.blue() - warning.blue()) < 60
    bars["train", "sad"].click()
    dialog = page.checking.dialog
    assert isinstance(dialog, PicturesDialog)
    assert dialog.windowTitle() == "Sad, train: 7\u00a0pictures"
    rows = dialog.model.rows
    expected = np.flatnonzero((data.label == EXPRESSIONS.index("sad")) & (data.split == "train"))
    np.testing.assert_array_equal(rows, expected)
    assert dialog.name.text() == f"Sample s{rows[0]} · Labelled sad · No landmarks"
    bench.wait(lambda: dialog.model.thumbnails.image(int(rows[0])) is not None)
    image = dialog.model.thumbnails.image(int(rows[0]))
    assert image is not None
    assert image.pixelColor(3, 2).red() == data.images[rows[0]][2, 3]
    for flaw, shown in (
        ("leaked", [0]),
        ("conflicting", [1, 2]),
        ("without_landmarks", [0, 1, 2, 3, 4, 5]),
    ):
        assert f'href="{flaw}"' in page.data.text.text()
        page.data.text.linkActivated.emit(flaw)
        assert isinstance(page.checking.dialog, PicturesDialog)
        assert page.checking.dialog.model.rows.tolist() == shown
    page.checking.dialog.close()


def test_a_bad_row_shows_what_it_holds(bench: TrainBench, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    save(replace(flawed_data(), skipped=("row 1 has the label '9'",)), tmp_path / "data")
    page, form = bench.page, bench.page.form
    form.data.setText(str(tmp_path / "data"))
    form.validate()
    form.check.click()
    bench.wait(lambda: isinstance(page.checking.result[1], DataCheck))
    page.data.text.linkActivated.emit("skipped")
    dialog = page.checking.dialog
    assert isinstance(dialog, BadSamplesDialog)
    assert dialog.reason.text() == "row 1 has the label '9'"
    bench.wait(lambda: "Nothing of it can be shown" in dialog.content.text())  # prepared elsewhere
    assert not dialog.open_folder.isEnabled()
    dialog.close()
