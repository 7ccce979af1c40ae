"""What people see of names that others made."""

import io
import json
import logging
import os

import pytest

from trainer.cli import printing
from trainer.errors import DataError, UsageError, explain_resource_error
from trainer.files import json_text
from trainer.shown_text import MAX_NAME, shown_name, shown_text

BAD = os.fsdecode(b"bad\xff.mp4")
EVIL = "a\x1b[31m\x9b2J\u202egnp.exe\x7f.png"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (BAD, r"bad\xff.mp4"),
        ("red\x1b[31m.png", r"red\x1b[31m.png"),
        ("a\nERROR forged: line\tx", r"a\x0aERROR forged: line\x09x"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("lone\ud800", r"lone\ud800"),
        ("grün 日本 👩\u200d👧 é.png", "grün 日本 👩\u200d👧 é.png"),
    ],
)
def test_only_what_is_no_text_is_escaped(name: str, shown: str) -> None:
    assert shown_name(name) == shown
    shown_name(name).encode()


def test_a_text_keeps_its_lines() -> None:
    assert shown_text("one\n\ttwo\x1b]0;x\x07") == "one\n\ttwo\\x1b]0;x\\x07"


def test_a_very_long_name_is_shortened() -> None:
    shown = shown_name("a" * 5000 + ".mp4")
    assert len(shown) == MAX_NAME + 1
    assert shown.endswith(".mp4")


def test_errors_never_hold_what_a_terminal_obeys() -> None:
    error = DataError(f"{BAD}: cannot be read\n  {EVIL}", f"Rename {EVIL}.")
    assert "\x1b" not in f"{error}{error.hint}"
    assert r"bad\xff.mp4: cannot be read" + "\n" in str(error)
    str(error).encode()


def test_a_name_that_is_too_long_is_one_sentence() -> None:
    with pytest.raises(OSError, match="too long") as caught:
        os.stat("x" * 5000)
    told = explain_resource_error(caught.value)
    assert isinstance(told, UsageError)
    assert "longer than the system allows" in str(told)
    assert len(str(told)) < 2 * MAX_NAME


def test_json_of_any_name_can_be_printed_and_read_back() -> None:
    for name in (BAD, EVIL, "ü"):
        text = json_text({"name": name})
        assert shown_text(text) == text
        assert json.loads(text) == {"name": name}
    assert "ü" in json_text(["ü"])


def test_notices_and_logs_take_nothing_for_markup() -> None:
    stream, notices = io.StringIO(), type(printing.notices)()
    notices.file = stream  # the shared one would keep a stream for good
    notices.print(f"[bold]x[/nothing] {EVIL} {BAD}", soft_wrap=True)
    assert "[bold]x[/nothing]" in stream.getvalue()
    record = logging.LogRecord("trainer", logging.INFO, "", 0, "%s", (EVIL,), None)
    formatted = printing._ShownFormatter("%(message)s").format(record)
    for text in (stream.getvalue(), formatted):
        assert "\x1b" not in text
        assert "\x9b" not in text
        text.encode()
