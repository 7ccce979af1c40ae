"""Data that is checked on the Train page, and what of it stands in the way of a training."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.check_data import check_data
from ferapp.runs.data_check import DataCheck
from tests.support.runs.run_files import make_run, started, step
from tests.support.ui.train_bench import LONG, SETS, WAIT, Begun, Bench, made_bench, save_drawn


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "prepared"
    save_drawn(folder)
    return folder


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Bench]:
    yield from made_bench(qtbot, qapp, tmp_path / "runs")


def test_data_that_does_not_open_is_told_where_the_check_is(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bench.start(tmp_path / "empty", SETS)
    bench.wait(lambda: not bench.page.trainings)
    assert "layout of this data set is not recognised" in bench.page.data.words.text()
    bench.page.form.check.click()
    bench.wait(lambda: "not recognised" in bench.page.data.words.text())


def test_what_was_found_stands_beside_its_own_data_alone(
    bench: Bench, prepared: Path, tmp_path: Path
) -> None:
    page, form, words = bench.page, bench.page.form, bench.page.data.words
    (tmp_path / "empty").mkdir()
    form.data.setText(str(tmp_path / "empty"))
    assert form.validate()
    form.check.click()
    bench.wait(lambda: "not recognised" in words.text())
    assert not form.start.isEnabled()
    assert "not recognised" in form.wrong.text()
    form.data.setText(str(prepared))
    assert "press Check" in words.text()
    assert form.validate()
    form.check.click()
    bench.wait(lambda: "drawn" in words.text())
    assert page.data.sheet.sizeHint().height() > 0
    assert form.start.isEnabled()
    form.data.setText(f"{prepared}-other")
    assert "press Check" in words.text()
    assert page.data.sheet.sizeHint().height() == 0
    form.data.setText(str(prepared))
    assert "drawn" in words.text()


def test_what_was_said_ends_when_the_training_can_begin(bench: Bench, tmp_path: Path) -> None:
    page = bench.page
    page.form.data.setText(str(tmp_path))
    page._find(str(tmp_path), "Error: it cannot be read")
    run = make_run(tmp_path / "runs", [started(), step(5)]).path
    page.trainings.append(Begun(run))  # type: ignore[arg-type]
    page._look()
    assert "press Check" in page.data.words.text()


def test_while_data_is_checked_nothing_is_started(
    bench: Bench, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would prepare the same folder of the cache."""
    page, form, finish = bench.page, bench.page.form, threading.Event()

    def checks(source: Path, say: Callable[[str], None]) -> DataCheck:
        assert finish.wait(WAIT / 1000)
        return check_data(source, say)

    page._tools = replace(page._tools, check_data=checks)
    form.fill("default", str(prepared), SETS, "quick")
    try:
        form.check.click()
        form.run_name.setText("another")  # which is looked at, and frees nothing
        assert not form.validate()
        assert not form.start.isEnabled()
        assert form.start.toolTip() == "The data is being checked."
    finally:
        finish.set()
    bench.wait(form.start.isEnabled)
    assert form.check.isEnabled()
    assert "checked" not in form.start.toolTip() + form.check.toolTip()


def test_a_training_that_prepares_its_data_is_told_and_stopped(
    bench: Bench, tmp_path: Path
) -> None:
    page, form, data = bench.page, bench.page.form, bench.page.data
    os.mkfifo(tmp_path / "faces.csv")  # nobody writes into it: the training waits for its data
    bench.start(tmp_path / "faces.csv", LONG)
    (training,) = page.trainings
    assert "A training prepares its data" in data.preparing.text()
    assert "prepares its data" in form.start.toolTip()
    assert not form.validate()
    assert not form.start.isEnabled()
    assert not form.check.isEnabled()
    data.stop.click()
    assert training.poll() is not None
    assert page.trainings == []
    assert not data.stop.isVisible()
    assert "stopped before it began" in data.words.text()
    assert form.start.isEnabled()
