"""From a folder of pictures to the live page with a model of it, in the real window."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.runs.quick.example_folder import make_example
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.train.train_page import TrainPage
from trainer.model_index import read_card

WAIT = 120_000  # ms; where others work, torch takes seconds to start


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 pictures of the bundled clip; the classes have a person's own names."""
    made = make_example(tmp_path_factory.mktemp("pictures") / "faces")
    (made / "tearful").rename(made / "calm")  # a word that elsewhere means neutral
    (made / "laughing").rename(made / "Cheerful")
    return made


def in_the_app(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    qtbot: QtBot,
    use: Callable[[MainWindow, TrainPage], None],
) -> int:
    """Call `use` in the app's event loop, on the Train page; the app always ends afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ferapp", "--source", "demo", "--page", "train"])

    def guarded() -> None:
        try:
            (window,) = (
                w
                for w in QApplication.topLevelWidgets()
                if isinstance(w, MainWindow) and w.isVisible()
            )
            qtbot.waitUntil(lambda: bool(window.findChildren(TrainPage)), timeout=WAIT)
            (page,) = window.findChildren(TrainPage)
            use(window, page)
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_folder_of_sixty_pictures_is_live_with_its_own_classes(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder: Path,
) -> None:
    def use(window: MainWindow, page: TrainPage) -> None:
        view = page.beginner.view
        assert page.take_drop([str(folder)])  # one
        qtbot.waitUntil(view.train.isVisible, timeout=WAIT)
        assert view.check is not None
        assert [(each.name, each.pictures, each.faces) for each in view.check.classes] == [
            ("calm", 20, 20),
            ("cheerful", 20, 20),
            ("worried", 20, 20),
        ]
        with qtbot.waitSignal(view.ready, timeout=WAIT):
            view.train.click()  # two: the rest comes by itself
        assert view.result is not None
        assert view.result.count == view.check.held_out
        assert view.result.right > view.result.chance + 3  # of 17, where guessing gets about 6
        assert view.result.reference_right is None  # default knows no cheerful
        assert not page.isVisible()
        toast = window.live_page.live_view.toast
        assert toast.isVisible()
        assert view.title.text() == "It now recognises: calm, cheerful, worried"
        assert read_card(view.result.model).classes == ("calm", "cheerful", "worried")

        def live_classes() -> tuple[str, ...]:
            card = window.live_page.status.model.card
            return card.classes if card is not None else ()

        qtbot.waitUntil(lambda: live_classes() == ("calm", "cheerful", "worried"), timeout=WAIT)

    assert in_the_app(monkeypatch, tmp_path, qtbot, use) == 0
    (run,) = (tmp_path / "runs").glob("*/config.json")
    assert run.parent.name.endswith("-faces")


def test_a_folder_with_mistakes_says_what_to_do_until_it_is_right(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder: Path,
) -> None:
    pictures = sorted((folder / "worried").glob("*.png"))
    album = tmp_path / "album"
    for number, picture in enumerate(pictures[:6]):
        for name in ("one/happy", "two/sad"):
            (album / name).mkdir(parents=True, exist_ok=True)
            (album / name / f"{number}.png").write_bytes(picture.read_bytes())

    def use(window: MainWindow, page: TrainPage) -> None:
        view = page.beginner.view

        def problem_of(path: Path) -> str:
            assert page.take_drop([str(path)])
            qtbot.waitUntil(
                lambda: view.problem.isVisible() or view.train.isVisible(), timeout=WAIT
            )
            return view.problem.text() if view.problem.isVisible() else ""

        assert problem_of(album) == "The class folders lie too deep, as one/happy does."
        assert not view.train.isVisible()
        (album / "one" / "happy").rename(album / "happy")
        (album / "one").rmdir()
        (album / "two" / "sad").rename(album / "sad")
        (album / "two").rmdir()
        blank = np.full((96, 96, 3), 200, np.uint8)
        for picture in (album / "sad").glob("*.png"):
            cv2.imwrite(str(picture), blank)
        assert problem_of(album) == "Too few faces were found in the pictures of sad."
        assert "6\u00a0pictures, no face" in " ".join(texts_of(view.classes))
        for number, picture in enumerate(pictures[6:12]):
            (album / "sad" / f"{number}.png").write_bytes(picture.read_bytes())
        (album / "sad" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n, and then nothing")
        assert problem_of(album) == ""
        assert "torn.png" in view.skipped.text()
        assert view.train.hasFocus() or view.train.isEnabled()

    assert in_the_app(monkeypatch, tmp_path, qtbot, use) == 0
    assert not list((tmp_path / "runs").glob("*/config.json"))


def texts_of(rows: QWidget) -> list[str]:
    return [label.text() for label in rows.findChildren(QLabel) if label.isVisible()]
