"""Texts and names that others made, as they may stand in a terminal, a log, a table or a window.

File names are bytes: they may hold escape sequences that move a terminal's cursor, signs that turn
the direction of writing, or no text at all, which Python keeps as lone surrogates that no stream
and no window takes. Readers get a name as it is, people its shown form.
"""

import re
from os import PathLike, fsdecode

MAX_NAME = 300  # characters of a name that are shown

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_CONTROLS}]")  # line breaks and tabs may stand in a text
_IN_NAME = re.compile(f"[{_CONTROLS}\\t\\n]")


def shown_text(text: str) -> str:
    """`text` with what is not to be shown as escapes, as `\\x1b`; line breaks and tabs stay."""
    return _IN_TEXT.sub(_escape, text)


def shown_name(name: "str | PathLike[str]") -> str:
    """A name or address in one line, as `shown_text`; the middle of a very long one left out."""
    shown = _IN_NAME.sub(_escape, fsdecode(name))
    if len(shown) > MAX_NAME:
        half = MAX_NAME // 2
        shown = f"{shown[:half]}…{shown[-half:]}"
    return shown


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
