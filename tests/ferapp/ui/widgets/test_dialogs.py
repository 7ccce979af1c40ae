"""The dialogs: keys, first steps, about, log, address."""

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTranslator
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ferapp.ui.coding.coding_keys import CODING_KEYS
from ferapp.ui.shell.actions import ACTIONS
from ferapp.ui.shell.key_tables import BOOTH_KEYS, STAGE_KEYS
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.widgets.dialogs import AddressDialog, LogDialog, address_problem
from tests.support.ui.fake_engine import CARD, FakeEngine
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def dialogs() -> list[QDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def opened(bench: Bench, action: str) -> QDialog:
    bench.window.actions_by_id[action].trigger()
    (dialog,) = dialogs()
    return dialog


def press(bench: Bench, dialog: QDialog, text: str) -> None:
    (button,) = [b for b in dialog.findChildren(QAbstractButton) if b.text() == text]
    bench.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_keys_dialog_lists_each_action_once(bench: Bench) -> None:
    bench.qtbot.keyClick(bench.window, "?")
    (dialog,) = dialogs()
    words = Counter(label.text() for label in dialog.findChildren(QLabel))
    for record in ACTIONS:
        assert words[record.tip] == 1, record.id
        modes = (STAGE_KEYS, BOOTH_KEYS, CODING_KEYS)
        owners = sum(
            any(record.shortcut in (k.shown or k.keys[0]).split(" – ") for k in keys)
            for keys in modes
        )
        assert words[record.shortcut] == 1 + owners, record.id
    assert all(words[group] == 1 for group in ("Source", "Model", "Picture", "Window", "Help"))
    assert "Pages" not in words
    for label in dialog.findChildren(QLabel):  # nothing is cut off
        assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_on_the_stage_a_key_is_listed_with_its_meaning_there(bench: Bench) -> None:
    bench.window.actions_by_id["stage"].trigger()
    dialog = opened(bench, "keys")
    words = [label.text() for label in dialog.findChildren(QLabel)]
    bench.window.actions_by_id["stage"].trigger()
    assert words.count("B") == words.count("F") == 1
    assert words[words.index("B") + 1] == "Black screen"
    assert "Boxes" not in words
    assert "Demo clip" in words  # its key is not the stage's


def test_the_keys_dialog_has_the_keys_of_the_pages(bench: Bench) -> None:
    bench.window.add_page("Train", QWidget(), "Launch runs.")
    bench.window.add_page("Inspect", QWidget(), "Look at mistakes.")
    dialog = opened(bench, "keys")
    labels = dialog.findChildren(QLabel)
    words = [label.text() for label in labels]
    for row in (
        ["Ctrl+1", "Live"],
        ["Ctrl+2", "Train", "Launch runs."],
        ["Ctrl+3", "Inspect", "Look at mistakes."],
        ["1 – 7", "Relabel"],
        ["F", "Drop"],
        ["0", "Original label"],
        ["U", "Undo"],
    ):
        assert any(words[at : at + len(row)] == row for at in range(len(words))), row
    for label in labels:
        assert label.height() >= label.heightForWidth(label.width()), label.text()
    assert dialog.height() < 768  # as low as screens are


class ForeignKeys(QTranslator):
    """Another system's name of a key: as ⌘ is on a Mac, whose names Qt knows only there."""

    def isEmpty(self) -> bool:  # noqa: N802
        return False

    def translate(self, context: str, text: str, *_: object) -> str | None:
        return "Strg" if (context, text) == ("QShortcut", "Ctrl") else None


def test_keys_are_written_as_the_system_does(qtbot: QtBot, qapp: QApplication) -> None:
    foreign = ForeignKeys()
    qapp.installTranslator(foreign)
    try:
        window = MainWindow(FakeEngine(), SettingsStore())
        qtbot.addWidget(window)
        window.add_page("Train", QWidget(), "Launch runs.")
        window.show()
        window.actions_by_id["keys"].trigger()
        (dialog,) = dialogs()
        words = [label.text() for label in dialog.findChildren(QLabel)]
        tips = [action.toolTip() for action in window.findChildren(QAction)]
        assert "Strg+R" in words
        assert "Strg+2" in words
        assert "Launch runs.\nKey: Strg+2" in tips
        assert not [text for text in (*words, *tips) if "Ctrl" in text]
        window.close()
    finally:
        qapp.removeTranslator(foreign)


@pytest.mark.parametrize("action", ["keys", "about", "log", "open_url"])
def test_dialogs_are_modeless_open_once_and_close_with_esc(bench: Bench, action: str) -> None:
    dialog = opened(bench, action)
    if action != "open_url":  # which waits for its answer
        assert not dialog.isModal()
        bench.window.actions_by_id[action].trigger()
        assert dialogs() == [dialog]
    for button in dialog.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.text() or button.accessibleName()
            assert button.toolTip()
    bench.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialogs() == []
    opened(bench, action).close()


def test_dialogs_close_with_the_window(bench: Bench) -> None:
    for action in ("keys", "about", "log"):
        bench.window.actions_by_id[action].trigger()
    assert len(dialogs()) == 3
    bench.window.close()
    assert dialogs() == []


def test_about_says_use_privacy_and_licences(bench: Bench) -> None:
    dialog = opened(bench, "about")
    (browser,) = dialog.findChildren(QTextBrowser)
    words = browser.toPlainText()
    for wanted in (
        "ferapp 0.",
        "apparent expression, not emotion",
        "not for hiring, schooling, policing, medicine",
        "connects only to sources",
        "uploads nothing",
        "LGPL",
        "Apache-2.0",
        "BSD",
        "FER2013",
        "research",
        "NOTICE.md",
    ):
        assert wanted in words, wanted
    assert not browser.openLinks()
    press(bench, dialog, "Copy")
    assert QGuiApplication.clipboard().text() == words


def test_about_this_model_lays_out_its_card(bench: Bench) -> None:
    bench.window.model_menu.actions()[-1].trigger()
    (dialog,) = dialogs()
    assert dialog.windowTitle() == "Model default"
    words = dialog.findChildren(QTextBrowser)[0].toPlainText()
    for wanted in ("FER2013", "compact", "cross-entropy", "0.67", CARD.intended_use, CARD.limits):
        assert wanted in words, wanted
    press(bench, dialog, "Copy")
    assert "Intended use" in QGuiApplication.clipboard().text()


def test_without_a_model_there_is_no_card_to_show(bench: Bench) -> None:
    about = bench.window.model_menu.actions()[-1]
    assert about.isEnabled()
    bench.engine.change_model(card=None, spec="", name="")
    bench.qtbot.waitUntil(lambda: not about.isEnabled())


def test_the_log_is_updated_and_can_be_copied_and_saved(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["12:00:01 the window is shown"]
    window = MainWindow(FakeEngine(), SettingsStore(), lambda: "\n".join(lines))
    qtbot.addWidget(window)
    window.actions_by_id["log"].trigger()
    (dialog,) = dialogs()
    assert isinstance(dialog, LogDialog)
    (text,) = dialog.findChildren(QPlainTextEdit)
    assert text.isReadOnly()
    assert text.toPlainText() == lines[0]
    lines.append("12:00:03 the model is ready")
    qtbot.waitUntil(lambda: "the model is ready" in text.toPlainText())
    buttons = {b.text(): b for b in dialog.findChildren(QAbstractButton)}
    buttons["Copy"].click()
    assert QGuiApplication.clipboard().text() == "\n".join(lines)
    file = tmp_path / "ferapp.log"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    buttons["Save…"].click()
    assert file.read_text() == "\n".join(lines)
    assert str(file) in dialog.saved.text()
    gone = tmp_path / "none" / "ferapp.log"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(gone), ""))
    buttons["Save…"].click()
    assert "could not be saved: No such file" in dialog.saved.text()
    window.close()


def test_first_steps_are_shown_once(qtbot: QtBot) -> None:
    store = SettingsStore()
    window = MainWindow(FakeEngine(), store)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    card = window.live_page.live_view.first_steps
    assert card.isVisible()
    assert window.live_page.live_view.rect().contains(card.geometry())
    qtbot.keyClick(window, Qt.Key.Key_Space)  # as it says; the card does not take the key
    assert window.actions_by_id["freeze"].isChecked()
    assert card.isVisible()
    assert not window.live_page.live_view.frozen.geometry().intersects(card.geometry())
    qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    assert not card.isVisible()
    assert store.now.hints_seen
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert card.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert not card.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_F1)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not card.isVisible()
    window.close()
    second = MainWindow(FakeEngine(), SettingsStore())
    qtbot.addWidget(second)
    second.show()
    assert not second.live_page.live_view.first_steps.isVisible()
    second.close()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://localhost:8080/video", ""),
        ("RTSP://anna:secret@camera.local/stream", ""),
        ("https://host", ""),
        ("", "begins with"),
        ("camera.local", "contains ://"),
        ("ftp://host/a", "ftp:// is not supported"),
        ("http://", "name of the server"),
        ("rtsp://anna:secret@/stream", "name of the server"),
        ("http://:8080/", "name of the server"),
        ("http://host/a b", "no spaces"),
    ],
)
def test_an_address_is_checked_while_it_is_typed(bench: Bench, text: str, problem: str) -> None:
    assert (problem in address_problem(text)) if problem else not address_problem(text)
    dialog = opened(bench, "open_url")
    assert isinstance(dialog, AddressDialog)
    assert not dialog.open_button.isEnabled()
    bench.qtbot.keyClicks(dialog.line, text)
    assert dialog.open_button.isEnabled() is not bool(problem)
    assert problem in dialog.message.text()
    bench.qtbot.keyClick(dialog.line, Qt.Key.Key_Return)
    assert bench.engine.calls == ([] if problem else [("open_source", text)])
    assert bool(dialogs()) is bool(problem)
    for left in dialogs():
        left.close()
