"""Studies chosen, started, paused, continued, followed and read on the Studies page."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QFileDialog

from ferapp.studies.study_record import PROGRESS_FILE, append_events
from ferapp.ui.studies import studies_page as page_module
from ferapp.ui.studies.study_view import FAILED, SOURCES, SUMMARY
from tests.support.ui.fake_study import FakeStudyProcess
from tests.support.ui.studies_bench import StudiesBench
from tests.support.ui.study_files import begun, done, failed, running, write_study
from trainer.errors import UsageError
from trainer.file_lock import only_writer

FINISHED = {"state": "finished", "jobs": 2}
ROWS = ("x,1,100,4.0,0.5,0.25,0.123456,0", "y,2,9,3.0,0.75,,0.9,0")


def texts(bench: StudiesBench) -> list[list[str]]:
    """The source table, as it is displayed."""
    model = bench.page.view.sources.model()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def finished_study(folder: Path) -> Path:
    return write_study(
        folder / "finished",
        ("x", "y"),
        [begun(), done("x", 100), failed("y", "no"), FINISHED],
        ROWS,
    )


def test_the_first_look_says_what_to_do(bench: StudiesBench) -> None:
    view = bench.page.start_view
    assert view.isVisible()
    assert "one table for each" in view.about.text()
    assert not view.recent_title.isVisible()


def test_a_folder_becomes_a_form_and_a_command(bench: StudiesBench, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    assert bench.page.take_drop([str(clips)])
    bench.wait(lambda: not bench.page.tasks.busy)
    form = bench.page.setup
    assert form.found.text().replace("\u00a0", " ") == "2 videos, about 2 minutes of video"
    assert form.out.text() == str(tmp_path / "clips-tables")
    assert form.command.text() == f"ferapp analyze {clips} --out {tmp_path / 'clips-tables'}"
    form.prior.setCurrentIndex(form.prior.findData("balanced"))
    form.anonymise.setCurrentIndex(form.anonymise.findData("blur"))
    form.jobs.setCurrentIndex(form.jobs.findData("1"))
    assert form.command.text().endswith("--prior balanced --jobs 1 --anonymise blur")
    assert form.start.isEnabled()


def test_what_cannot_be_analysed_is_said_before_the_start(bench: StudiesBench) -> None:
    bench.set_up(bench.folder / "nothing")
    assert "there is no video" in bench.page.setup.problem.text()
    assert not bench.page.setup.start.isEnabled()
    bench.page.setup.out.clear()
    assert bench.page.setup.problem.text() == "Choose a folder for the tables."


def test_start_pause_and_go_on(bench: StudiesBench) -> None:
    page, view = bench.page, bench.page.view
    bench.set_up(bench.folder)
    page.setup.out.setText(str(bench.folder / "out"))
    bench.wait(lambda: not page.setup._settle.isActive() and not page.tasks.busy)
    page.setup.start.click()
    assert view.state.text() == "Starting…"
    bench.wait(lambda: page.study is not None and page.study.count("running") == 1)
    assert view.state.text().startswith("Running: 1 of 3")
    assert texts(bench)[1][1] == "Failed: damaged"
    assert texts(bench)[2] == ["c", "33\u00a0%", "30 of 90", "20.0", "0:02"]
    assert view.metrics["left"].text() == "0:02"
    assert view.pause.isVisible()
    assert not view.resume.isVisible()
    page.set_up([str(bench.folder)])  # only one study at a time
    bench.settle()
    assert page.setup.hint.text() == page_module.BUSY
    assert not page.setup.start.isEnabled()
    page.open_study(bench.folder / "out")
    bench.settle()
    view.pause.click()
    bench.wait(lambda: page.process is None)
    bench.settle()
    assert view.state.text().startswith("Paused: 1 of 3")
    assert not view.notice.isVisible()  # it ended in order
    view.resume.click()
    bench.wait(lambda: page.study is not None and page.study.state == "finished")
    bench.wait(lambda: page.process is None)
    bench.settle()
    assert [row[1] for row in texts(bench)] == ["Unchanged", "Failed: damaged", "Done"]
    assert not view.notice.isVisible()  # a failed source is no failure of the study
    assert view.resume.text() == "Try failed again"


def test_a_refused_study_shows_its_form_and_the_reason(bench: StudiesBench) -> None:
    bench.set_up(bench.folder)
    bench.page.setup.out.setText(str(bench.folder / "refused"))
    bench.wait(lambda: not bench.page.setup._settle.isActive() and not bench.page.tasks.busy)
    bench.page.setup.start.click()
    bench.wait(lambda: bench.page.process is None)
    assert bench.page.setup.isVisible()
    assert bench.page.setup.problem.text() == "There is no video here."


def test_a_study_of_a_terminal_is_followed(bench: StudiesBench, tmp_path: Path) -> None:
    out = write_study(tmp_path / "other", ("a", "b"), [begun(), running("a", 10, 100)])
    with only_writer(out / "study.json", UsageError("")):
        bench.open(out)
        view = bench.page.view
        assert view.state.text().startswith("Running: 0 of 2")
        assert "Another process runs this study" in view.notice.text()
        assert not view.pause.isVisible()
        append_events(out / PROGRESS_FILE, [done("a")])
        bench.settle()
        assert texts(bench)[0][1] == "Done"
    bench.settle()
    assert view.state.text().startswith("Interrupted: 1 of 2")
    assert view.resume.isVisible()


def test_a_finished_source_opens_its_table(bench: StudiesBench, tmp_path: Path) -> None:
    out = finished_study(tmp_path)
    bench.open(out)
    table = bench.page.view.sources
    table.doubleClicked.emit(table.model().index(1, 0))  # failed
    assert bench.opened == []
    table.doubleClicked.emit(table.model().index(0, 0))
    assert bench.opened == [str(out / "x.csv")]


def test_the_summary_is_sorted_copied_and_exported(
    bench: StudiesBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(finished_study(tmp_path))
    view = bench.page.view
    view.segments[SUMMARY].click()
    table, model = view.summary.table, view.summary.entries
    QAbstractItemModelTester(model)
    hidden = [name for k, name in enumerate(model.table.columns) if table.isColumnHidden(k)]
    assert hidden == ["mean_p_happy"]
    view.summary.groups["mean_p_"].click()
    assert not table.isColumnHidden(model.table.columns.index("mean_p_happy"))
    assert model.index(0, 6).data() == "0.123"
    table.sortByColumn(2, Qt.SortOrder.AscendingOrder)  # 9 before 100
    assert [model.text(row, 0) for row in range(2)] == ["y", "x"]
    table.selectRow(1)
    QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines == ["\t".join(model.table.columns), ROWS[0].replace(",", "\t")]
    target = tmp_path / "mine.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    view.export.click()
    assert target.read_text(encoding="utf-8").splitlines()[1:] == [ROWS[1], ROWS[0]]
    view.segments[FAILED].click()
    view.copy.click()
    assert QGuiApplication.clipboard().text() == "source\treason\ny\tno\n"


def test_methods_are_copied(bench: StudiesBench, tmp_path: Path) -> None:
    out = finished_study(tmp_path)
    bench.open(out)
    assert not bench.page.view.methods.isVisible()
    (out / "methods.md").write_text("# Methods\nmm² ✓\n", encoding="utf-8")
    bench.settle()
    bench.page.view.methods.click()
    bench.wait(lambda: not bench.page.tasks.busy)
    assert QGuiApplication.clipboard().text() == "# Methods\nmm² ✓\n"


def test_recent_studies_say_how_far_they_are(bench: StudiesBench, tmp_path: Path) -> None:
    out = finished_study(tmp_path)
    bench.open(out)
    bench.page.view.back.click()
    bench.settle()
    (card,) = bench.page.start_view.cards
    assert card.text() == "finished"
    assert card.study.state.replace("\u00a0", " ") == "Finished: 1 of 2 sources analysed, 1 failed"
    card.click()
    bench.settle()
    assert bench.page.view.isVisible()
    assert bench.store.now.recent_studies == (str(out),)


def test_a_folder_that_is_no_study_is_not_opened(bench: StudiesBench, tmp_path: Path) -> None:
    bench.page.open_study(tmp_path)
    assert "has no study.json" in bench.page.toast.label.text()
    assert bench.page.start_view.isVisible()
    assert not bench.page.take_drop([str(tmp_path / "mine.safetensors")])  # the window's
    assert not bench.page.take_drop([])


def test_a_damaged_study_says_so(bench: StudiesBench, tmp_path: Path) -> None:
    out = finished_study(tmp_path)
    (out / "study.json").write_text("{", encoding="utf-8")
    bench.page.open_study(out)
    bench.wait(lambda: bench.page.start_view.isVisible())
    assert "is damaged" in bench.page.toast.label.text()


@pytest.mark.parametrize(
    ("answer", "closes", "ends"),
    [("cancel", False, False), ("keep", True, False), ("stop", True, True)],
)
def test_closing_asks_what_becomes_of_a_running_study(
    bench: StudiesBench, monkeypatch: pytest.MonkeyPatch, answer: str, closes: bool, ends: bool
) -> None:
    monkeypatch.setattr(page_module, "ask_about_process", lambda *_, **__: answer)
    page = bench.page
    assert page.may_close()  # nothing runs
    page.process = process = FakeStudyProcess([], bench.folder / "out")
    bench.wait(lambda: (bench.folder / "out" / PROGRESS_FILE).exists())
    assert page.may_close() is closes
    assert process.is_stopping is ends
    if ends:
        process.wait(30)


def test_segments_show_one_table_at_a_time(bench: StudiesBench, tmp_path: Path) -> None:
    bench.open(write_study(tmp_path / "new", ("a",), [begun()]))
    view = bench.page.view
    view.segments[SUMMARY].click()
    assert "when all sources are done" in view.summary.message.text()
    assert not view.copy.isEnabled()
    view.segments[FAILED].click()
    assert view.no_failures.isVisible()
    view.segments[SOURCES].click()
    assert view.sources.isVisible()
    assert view.copy.isEnabled()
