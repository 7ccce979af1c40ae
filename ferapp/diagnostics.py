"""One file that a user can send with a report: what doctor finds, log, settings, versions.

It has no picture, and the names of the user, of the computer and of the home folder are replaced.
"""

import getpass
import json
import os
import platform
import re
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from platformdirs import user_config_path, user_log_path

from ferapp.doctor import as_dict, as_text
from ferapp.fault_log import fault_file
from ferapp.live.app_log import without_logins
from ferapp.package_checks import ENUMERATOR, OPENCV, PACKAGES, Check, installed_versions
from trainer import __version__
from trainer.errors import UsageError
from trainer.files import check_writable_folder, json_text, write_atomic

CONTENTS = "contents.txt"
VARIABLES = re.compile(
    r"(QT|OPENCV|OMP|MKL|CUDA|PYTORCH|MALLOC|AV|LC)_\w+|LANG|XDG_SESSION_TYPE|XDG_CURRENT_DESKTOP"
)
PRIVACY = (
    "There is no picture in it. The names of the user, of the computer and of the home folder "
    "are replaced, and addresses have no passwords. Names of files and cameras that were opened "
    "can be in the log and the settings: look through it before you send it."
)


def check_bundle(file: Path) -> None:
    """Raise UsageError where `file` cannot be written, or where something else would be lost."""
    if not file.parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.parent}")
    if file.is_dir():
        raise UsageError(f"{file}: this is a folder", "Name a file, such as diagnostics.zip.")
    check_writable_folder(file.parent)
    if file.exists() and not _is_bundle(file):
        raise UsageError(f"{file}: exists and is not a file of diagnostics", "Choose another name.")


def write_bundle(file: Path, checks: Sequence[Check]) -> list[str]:
    """Write the zip file, whole or not at all; returns the names of its members.

    Raises UsageError.
    """
    check_bundle(file)
    anonymous = Anonymous()
    members = {name: anonymous(text) for name, text in _members(checks)}
    members = {CONTENTS: _contents(members), **members}
    try:
        write_atomic(file, lambda stream: _write_zip(stream, members), mode=0o600)
    except OSError as error:
        raise UsageError(
            f"{file}: the diagnostics cannot be written ({error.strerror})",
            "Choose another folder, or free space there.",
        ) from error
    return list(members)


class Anonymous:
    """Replaces what identifies the user in a text: ~ is the home folder, USER and HOST the names.

    The names are looked up here unless they are given.
    """

    def __init__(
        self,
        homes: Sequence[str] | None = None,
        users: Sequence[str] | None = None,
        hosts: Sequence[str] | None = None,
    ) -> None:
        words = dict.fromkeys(_hosts() if hosts is None else hosts, "HOST")
        words |= dict.fromkeys(_users() if users is None else users, "USER")
        replaced = dict.fromkeys(_homes() if homes is None else homes, "~")
        # as they are in JSON, on Windows with two backslashes, and in addresses of files
        for form in (lambda text: json.dumps(text)[1:-1], _escaped, quote):
            replaced |= {form(text): new for text, new in replaced.items()}
            words |= {form(text): new for text, new in words.items()}
        self._rules = [
            (re.compile(rf"{re.escape(text)}(?![\w-])", re.IGNORECASE), new)
            for text, new in sorted(replaced.items(), key=_longest_first)
        ] + [
            (re.compile(rf"(?<![^\W_]){re.escape(text)}(?![^\W_])", re.IGNORECASE), new)
            for text, new in sorted(words.items(), key=_longest_first)
        ]

    def __call__(self, text: str) -> str:
        text = without_logins(text)
        for pattern, new in self._rules:
            text = pattern.sub(new, text)
        return text


def _longest_first(item: tuple[str, str]) -> int:
    return -len(item[0])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")


def _homes() -> list[str]:
    """The home folder as the system and the environment have it, also with links resolved."""
    named = {os.path.expanduser("~"), *(os.environ.get(n, "") for n in ("HOME", "USERPROFILE"))}
    with suppress(ImportError, KeyError):
        import pwd

        named.add(pwd.getpwuid(os.getuid()).pw_dir)
    named |= {os.path.realpath(home) for home in named if home}
    return [home.rstrip("/\\") for home in named if len(Path(home).parts) > 1]


def _users() -> list[str]:
    """Names of the user: for logging in, and in full where the system has that."""
    names = {os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")}
    names |= {Path(home).name for home in _homes()}
    with suppress(OSError, KeyError, ImportError):
        names.add(getpass.getuser())
    with suppress(ImportError, KeyError):
        import pwd

        names.add(pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0])
    return [name for name in names if name.strip()]


def _hosts() -> list[str]:
    node = platform.node()
    return [name for name in {node, node.partition(".")[0]} if name not in ("", "localhost")]


def _members(checks: Sequence[Check]) -> Iterator[tuple[str, str]]:
    yield "doctor.txt", as_text(checks) + "\n"
    yield "doctor.json", json_text(as_dict(checks), indent=2) + "\n"
    yield "versions.json", json_text(_versions(), indent=2) + "\n"
    files = {"settings.json": user_config_path("ferapp", appauthor=False) / "settings.json"}
    logs = user_log_path("ferapp", appauthor=False)
    files |= {name: logs / name for name in ("ferapp.log", "ferapp.log.1", "ferapp.log.2")}
    for name, file in files.items():
        with suppress(OSError):
            yield name, file.read_text(encoding="utf-8", errors="replace")
    with suppress(OSError):
        fault = fault_file().read_text(encoding="utf-8", errors="replace")
        if fault:
            moment = time.strftime(
                "%Y-%m-%d %H:%M:%S", time.localtime(os.path.getmtime(fault_file()))
            )
            yield "fault.txt", f"The last crash was at {moment}.\n\n{fault}"


def _versions() -> dict[str, object]:
    return {
        "ferapp": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "packages": installed_versions((*PACKAGES, *OPENCV, ENUMERATOR)),
        "environment": {
            name: value for name, value in sorted(os.environ.items()) if VARIABLES.fullmatch(name)
        },
    }


_DESCRIPTIONS = {
    "doctor.txt": "what `ferapp doctor` finds",
    "doctor.json": "the same for programs",
    "versions.json": "versions of packages and system, settings of the environment",
    "settings.json": "what the window remembers",
    "ferapp.log": "the log of the window",
    "ferapp.log.1": "the log before it",
    "ferapp.log.2": "the log before that",
    "fault.txt": "what the program was doing when it last crashed",
}


def _contents(members: Mapping[str, str]) -> str:
    lines = [f"{name}: {_DESCRIPTIONS[name]}" for name in members]
    return "\n".join([f"Diagnostics of ferapp {__version__}", "", *lines, "", PRIVACY, ""])


def _write_zip(stream: BinaryIO, members: Mapping[str, str]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text.encode("utf-8", errors="replace"))


def _is_bundle(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return CONTENTS in archive.namelist() and "doctor.txt" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
