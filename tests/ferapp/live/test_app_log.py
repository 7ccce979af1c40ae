"""The log: what it holds, where it writes, and what never gets into it."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferapp.live.app_log import LOGGERS, MAX_LINES, AppLog

log = logging.getLogger("ferapp.test")


@pytest.fixture
def app_log() -> Iterator[AppLog]:
    hooks = (sys.excepthook, threading.excepthook)
    app_log = AppLog()
    yield app_log
    app_log.close()
    assert (sys.excepthook, threading.excepthook) == hooks
    for name in LOGGERS:
        assert not logging.getLogger(name).handlers


def written(app_log: AppLog) -> str:
    assert app_log.file is not None
    return app_log.file.read_text(encoding="utf-8")


def test_it_starts_with_the_versions_and_collects_messages(app_log: AppLog, tmp_path: Path) -> None:
    log.info("a line")
    log.debug("a detail")
    logging.getLogger("trainer.other").warning("another")
    logging.getLogger("foreign").warning("not ours")
    first, *others = app_log.text().splitlines()
    assert "Python 3." in first
    assert "torch " in first
    assert [line.partition(" ferapp.test: ")[2] for line in others[:1]] == ["a line"]
    assert "WARNING trainer.other: another" in others[1]
    assert len(others) == 2
    assert written(app_log).strip() == app_log.text()
    if sys.platform == "linux":
        assert app_log.file is not None
        assert tmp_path in app_log.file.parents  # the isolated one of the tests


def test_only_the_last_lines_are_kept(app_log: AppLog) -> None:
    for number in range(MAX_LINES):
        log.info("line %d\nand more", number)
    lines = app_log.text().splitlines()
    assert len(lines) == MAX_LINES
    assert lines[-1] == "and more"
    assert lines[-2].endswith(f"line {MAX_LINES - 1}")


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://me:secret@host:554/cam",
        "http://me:secret@host/cam?key=secret",
        "http://host/cam?key=secret",
        "HTTPS://me:se/secret@host/cam",  # no valid address, but typed all the same
        "http://me:a secret@host/cam",
        "srt://me:secret@host",
    ],
)
def test_no_password_gets_into_it(app_log: AppLog, address: str) -> None:
    log.info("Playing %s", address)
    log.warning("'%s', (%s): does not answer", address, address)
    try:
        raise OSError(f"cannot open '{address}'")
    except OSError:
        log.exception("Trouble")
    for text in (app_log.text(), written(app_log)):
        assert "secret" not in text
        assert "host" in text
        assert "OSError: cannot open '" in text


def test_an_address_without_a_secret_stays(app_log: AppLog) -> None:
    log.info("Playing http://host:8080/a/cam.mjpg now, ask me@home")
    assert "http://host:8080/a/cam.mjpg now, ask me@home" in app_log.text()


def test_uncaught_exceptions_are_logged_and_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: passed.append(args[1]))
    monkeypatch.setattr(threading, "excepthook", lambda args: passed.append(args.exc_value))
    app_log = AppLog()
    problem, other = ValueError("in the window"), KeyboardInterrupt()
    sys.excepthook(ValueError, problem, None)
    sys.excepthook(KeyboardInterrupt, other, None)

    def work() -> None:
        raise RuntimeError("at work")

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    app_log.close()
    assert passed[:2] == [problem, other]
    assert str(passed[2]) == "at work"
    text = written(app_log)
    assert "ValueError: in the window" in text
    assert "Uncaught in the thread worker" in text
    assert "in work\n" in text  # with the place
    assert "KeyboardInterrupt" not in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="about a full disk")
def test_a_full_disk_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ferapp.live.app_log.user_log_path", lambda *_, **__: tmp_path)
    os.symlink("/dev/full", tmp_path / "ferapp.log")
    app_log = AppLog()
    for _ in range(3):
        log.info("a line")
    assert app_log.text().count("a line") == 3
    app_log.close()
    assert capfd.readouterr().err == ""


def test_without_a_folder_it_stays_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")

    def nowhere(*_: object, **__: object) -> Path:
        raise NotADirectoryError("file is in the way")

    monkeypatch.setattr("ferapp.live.app_log.user_log_path", nowhere)
    app_log = AppLog()
    assert app_log.file is None
    assert "not written to a file: file is in the way" in app_log.text()
    app_log.close()
