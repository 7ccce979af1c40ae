"""Files, models, addresses and pictures, dropped on the window or pasted into it."""

import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
)
from PySide6.QtWidgets import QApplication

from ferapp.ui.shell.drop_paste import LEFTOVER_S, PastedPictures, pasted_folder
from tests.support.ui.window_bench import Bench


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def text_data(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data


def picture(colour: str = "#336699") -> QImage:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


def drop(bench: Bench, data: QMimeData, action: Qt.DropAction = Qt.DropAction.MoveAction) -> None:
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    hint = bench.window.drop_hint
    enter = QDragEnterEvent(QPoint(300, 300), actions, data, left, none)
    QApplication.sendEvent(bench.window, enter)
    assert enter.isAccepted()
    assert hint.isVisible()
    assert hint.accessibleName() == "Drop to open"
    event = QDropEvent(QPointF(300, 300), actions, data, left, none)
    event.setDropAction(action)
    QApplication.sendEvent(bench.window, event)
    assert event.isAccepted()
    assert event.dropAction() == Qt.DropAction.CopyAction  # a move would delete the file
    assert not hint.isVisible()


def toast_text(bench: Bench) -> str:
    toast = bench.window.live_page.live_view.toast
    return toast.label.text() if toast.isVisible() else ""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "a & b.mp4"
    path.write_bytes(b"")
    return path


def test_a_file_and_a_folder(bench: Bench, clip: Path, tmp_path: Path) -> None:
    bench.window.actions_by_id["freeze"].setChecked(True)
    drop(bench, files(clip))
    drop(bench, files(tmp_path))
    assert bench.engine.calls == [("open_source", str(clip)), ("open_source", str(tmp_path))]
    assert toast_text(bench) == ""
    assert not bench.window.actions_by_id["freeze"].isChecked()


def test_a_model(bench: Bench, tmp_path: Path) -> None:
    model = tmp_path / "Mine.SafeTensors"
    model.write_bytes(b"")
    drop(bench, files(model))
    assert bench.engine.calls == [("load_model", str(model))]


def test_of_several_files_the_first_opens_and_a_message_says_so(
    bench: Bench, clip: Path, tmp_path: Path
) -> None:
    drop(bench, files(clip, tmp_path, tmp_path / "c.mp4"))
    assert bench.engine.calls == [("open_source", str(clip))]
    assert toast_text(bench) == "Only the first of 3 files, a & b.mp4, was opened."


def test_an_address_as_link_or_text(bench: Bench) -> None:
    link = QMimeData()
    link.setUrls([QUrl("rtsp://camera.local/stream")])
    drop(bench, link)
    drop(bench, text_data("  http://anna:secret@host:8080/video\n"))
    assert bench.engine.calls == [
        ("open_source", "rtsp://camera.local/stream"),
        ("open_source", "http://anna:secret@host:8080/video"),
    ]


def test_a_path_as_text(bench: Bench, clip: Path) -> None:
    for text in (f'"{clip}"', QUrl.fromLocalFile(str(clip)).toString()):
        drop(bench, text_data(text))
        assert bench.engine.calls.pop() == ("open_source", str(clip))


def test_a_picture_is_kept_privately_until_the_window_closes(bench: Bench) -> None:
    data = QMimeData()
    data.setImageData(picture())
    data.setUrls([QUrl("https://example.org/a.png")])  # as browsers do: must not be requested
    drop(bench, data)
    ((name, path),) = bench.engine.calls
    assert name == "open_source"
    file = Path(str(path))
    assert file.suffix == ".png"
    assert QImage(str(file)).pixelColor(3, 3) == QColor("#336699")
    assert file.parent.stat().st_mode & 0o077 == 0
    assert file.is_relative_to(pasted_folder())  # where deleting all data finds it
    bench.window.close()
    assert not file.exists()
    assert not file.parent.exists()


def test_what_a_killed_window_left_behind_is_deleted(bench: Bench) -> None:
    left, fresh = pasted_folder() / "left", pasted_folder() / "fresh"
    for folder in (left, fresh):  # a window that runs may still need its own
        folder.mkdir(parents=True)
        (folder / "Pasted picture 1.png").touch()
    long_ago = time.time() - 2 * LEFTOVER_S
    os.utime(left, (long_ago, long_ago))
    PastedPictures()
    assert not left.exists()
    assert fresh.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "“hello” is not a file, folder or address."),
        ("/gone/a.mp4", "“/gone/a.mp4” is not a file, folder or address."),
        ("word " * 30, "“word word word word word word word word…” is not a file"),
        ("/" + "a" * 5000, f"“/{'a' * 39}…” is not a file"),
        ("~nobody/a.mp4", "“~nobody/a.mp4” is not a file"),
        ("a\0b", "is not a file"),
        ("ftp://anna:secret@host/a.mp4", "ftp:// addresses cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_named(bench: Bench, text: str, message: str) -> None:
    drop(bench, text_data(text))
    assert bench.engine.calls == []
    assert message in toast_text(bench)
    assert "secret" not in toast_text(bench)


def test_unknown_data_is_named_too(bench: Bench, tmp_path: Path) -> None:
    data = QMimeData()
    data.setData("application/x-thing", QByteArray(b"1"))
    drop(bench, data)
    assert "application/x-thing cannot be opened." in toast_text(bench)
    drop(bench, files(tmp_path / "gone.mp4"))
    assert toast_text(bench) == "gone.mp4 no longer exists."
    assert bench.engine.calls == []


def test_paste_does_the_same(bench: Bench, clip: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setText(str(clip))
    bench.qtbot.keyClick(bench.window, "v", Qt.KeyboardModifier.ControlModifier)
    clipboard.setImage(picture())
    bench.qtbot.keyClick(bench.window, "v", Qt.KeyboardModifier.ControlModifier)
    first, second = (value for _, value in bench.engine.calls)
    assert first == str(clip)
    assert QImage(str(second)).size() == picture().size()
    clipboard.clear()
    bench.qtbot.keyClick(bench.window, "v", Qt.KeyboardModifier.ControlModifier)
    assert len(bench.engine.calls) == 2
    assert "There is nothing to open." in toast_text(bench)


def test_the_drop_hint_hides_when_the_drag_leaves(bench: Bench, clip: Path) -> None:
    data = files(clip)
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(bench.window, QDragEnterEvent(QPoint(9, 9), copy, data, left, none))
    assert bench.window.drop_hint.isVisible()
    QApplication.sendEvent(bench.window, QDragLeaveEvent())
    assert not bench.window.drop_hint.isVisible()
    assert bench.engine.calls == []
