"""The Studies page, from a dropped folder to the summary and a table that plays, in one study."""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.app import add_pages
from ferapp.cli import main
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.studies.studies_page import StudiesPage
from ferapp.ui.studies.study_view import SUMMARY
from ferapp.ui.widgets.theme import apply_theme
from tests.support.ui.fake_engine import FakeEngine

WAIT = 150_000  # ms; torch takes seconds to start where others work, too


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, demo_frame: np.ndarray) -> Path:
    """A picture's folder, and a file that is no video: a study that takes seconds."""
    folder = tmp_path_factory.mktemp("studies") / "clips"
    (folder / "faces").mkdir(parents=True)
    cv2.imwrite(str(folder / "faces" / "one.png"), demo_frame)
    (folder / "broken.mp4").write_bytes(b"this is no video")
    return folder


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    apply_theme(qapp, "dark")
    store = SettingsStore()
    made = MainWindow(FakeEngine(), store)
    qtbot.addWidget(made, before_close_func=MainWindow.close_at_once)
    add_pages(made, store)
    made.show()
    made.show_page("Studies")
    yield made
    made.close_at_once()


def studies(window: MainWindow) -> StudiesPage:
    (page,) = window.findChildren(StudiesPage)
    return page


def drop(window: MainWindow, path: Path) -> str:
    """Drop a file or folder on the window; returns what the hint said meanwhile."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), copy, data, left, none))
    hint = window.drop_hint.accessibleName()
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), copy, data, left, none))
    return hint


def test_a_dropped_folder_becomes_tables(window: MainWindow, qtbot: QtBot, clips: Path) -> None:
    """The study of this test is the one of those below."""
    page = studies(window)
    assert drop(window, clips) == "Drop to begin a study"
    qtbot.waitUntil(page.setup.start.isEnabled, timeout=WAIT)
    found = page.setup.found.text().replace("\u00a0", " ")
    assert found == "1 video and 1 folder of pictures"
    assert page.setup.out.text() == str(clips.parent / "clips-tables")
    page.setup.jobs.setCurrentIndex(page.setup.jobs.findData("1"))
    page.setup.start.click()

    def is_finished() -> bool:
        return page.study is not None and page.study.state == "finished"

    qtbot.waitUntil(is_finished, timeout=WAIT)
    assert page.study is not None
    states = {source.name: source.state for source in page.study.sources}
    assert states == {"broken": "failed", "faces": "done"}
    assert not page.view.notice.isVisible()
    page.view.segments[SUMMARY].click()
    qtbot.waitUntil(page.view.summary.table.isVisible, timeout=WAIT)
    model = page.view.summary.entries
    assert model.text(0, 0) == "faces"
    assert abs(sum(float(model.text(0, k)) for k in shares(model.table.columns)) - 1) < 1e-6


def shares(columns: tuple[str, ...]) -> list[int]:
    return [k for k, name in enumerate(columns) if name.startswith("share_")]


def test_a_finished_study_opens_its_tables(window: MainWindow, clips: Path, qtbot: QtBot) -> None:
    """Dropped again, the folder of tables is a study, and a double-click plays a source."""
    page, out = studies(window), clips.parent / "clips-tables"
    drop(window, out)
    qtbot.waitUntil(lambda: page.study is not None, timeout=WAIT)
    table = page.view.sources
    names = [table.model().index(row, 0).data() for row in range(table.model().rowCount())]
    table.doubleClicked.emit(table.model().index(names.index("faces"), 0))
    engine = window._engine
    assert isinstance(engine, FakeEngine)
    assert engine.calls[-1] == ("open_source", str(out / "faces.csv"))
    assert window.live_page.isVisible()


def test_the_command_opens_the_page(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look() -> None:
        shown = [w for w in qapp.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()]
        try:
            seen.append(studies(shown[0]).start_view.headline.text())
        finally:
            QApplication.closeAllWindows()

    monkeypatch.setattr(sys, "argv", ["ferapp", "--source", "demo", "--page", "studies"])
    QTimer.singleShot(0, look)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert seen == ["Studies"]
