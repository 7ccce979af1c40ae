"""`ferapp desktop-entry`: ferapp with its icon in the application menu of a Linux desktop.

Files as in freedesktop.org's Desktop Entry and Icon Theme specifications.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_data_path

from trainer.errors import FerError
from trainer.files import asset, write_atomic, write_text

APP_ID = "ferapp"  # name of the entry and its icon; class of the window
ENTRY = """\
[Desktop Entry]
Type=Application
Name=ferapp
GenericName=Facial Expression Recognition
Comment=See which expression a face apparently shows, and why
Exec={command}
Icon={icon}
Terminal=false
Categories=Science;ArtificialIntelligence;ImageProcessing;
Keywords=face;emotion;expression;webcam;
StartupWMClass={icon}
"""


def install_desktop_entry() -> list[Path]:
    """Write the entry and its icon into the user's data folder; returns the files.

    Raises FerError where the system is not Linux.
    """
    _check_linux()
    entry, *icons = _files()
    for icon in icons:
        _copy_icon(icon)
    write_text(entry, ENTRY.format(command=exec_value(_command()), icon=APP_ID))
    return [entry, *icons]


def remove_desktop_entry() -> list[Path]:
    """Remove what `install_desktop_entry` wrote; returns the files that were there.

    Raises FerError where the system is not Linux.
    """
    _check_linux()
    installed = [file for file in _files() if file.exists()]
    for file in installed:
        file.unlink()
    return installed


def exec_value(command: Sequence[str]) -> str:
    """The value of Exec: arguments quoted where they must be, and % doubled."""
    quoted = []
    for argument in command:
        text = argument.replace("%", "%%")
        if not re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII):
            text = '"' + re.sub(r'(["`$\\])', r"\\\1", text) + '"'
        quoted.append(text)
    return " ".join(quoted).replace("\\", "\\\\")  # as every string value of the file


def _check_linux() -> None:
    if sys.platform != "linux":
        raise FerError(
            "A desktop entry is for Linux desktops only.",
            "Here, start ferapp from a terminal, or keep it in the dock or taskbar.",
        )


def _files() -> list[Path]:
    data = user_data_path()
    icons = data / "icons" / "hicolor"
    return [
        data / "applications" / f"{APP_ID}.desktop",
        icons / "scalable" / "apps" / f"{APP_ID}.svg",
        icons / "256x256" / "apps" / f"{APP_ID}.png",
    ]


def _copy_icon(file: Path) -> None:
    content = asset(f"icon/{file.name}").read_bytes()
    write_atomic(file, lambda stream: stream.write(content))


def _command() -> list[str]:
    """What starts this installation, from any folder."""
    script = Path(sys.executable).with_name("ferapp")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "ferapp"]
