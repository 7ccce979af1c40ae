"""What can go wrong with a source, as data and as text: what happened, and what to try."""

import sys
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Why a source does not play as it should."""

    ABSENT = "absent"  # not there: no such camera, or no video at the address
    BUSY = "busy"  # there, but it does not start; mostly another program has it
    DENIED = "denied"  # the system does not let this program use the camera
    LOST = "lost"  # it played, and is gone
    STALLED = "stalled"  # still there, but no frame has come for a while
    REPEATING = "repeating"  # the same picture over and over: a hung driver, or a closed shutter
    RESIZED = "resized"  # the frames have another size now; they go on
    SKIPPED = "skipped"  # some pictures of a folder cannot be read; the others play
    MISSING = "missing"  # the pictures of a table; its results play without them
    UNREADABLE = "unreadable"  # a file or address that is unusable, now or later


# faults that pass by themselves when the camera or the server comes back
RETRIED = frozenset(
    {FaultKind.ABSENT, FaultKind.BUSY, FaultKind.DENIED, FaultKind.LOST, FaultKind.STALLED}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the window says about a source, and what it needs to offer a way out."""

    kind: FaultKind
    source: str  # the URI that tries the same source again
    message: str  # what happened
    hint: str = ""  # what to try
    retried: bool = False  # automatically, every few seconds

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


def camera_fault_text(kind: FaultKind, name: str, path: str = "") -> tuple[str, str]:
    """What happened to the camera `name`, and what to try."""
    replug = "Unplug it and plug it in again, or use another USB port."
    match kind:
        case FaultKind.ABSENT:
            return f"{name} is not connected", "Connect it."
        case FaultKind.BUSY:
            return (
                f"{name} is in use by another program or does not start",
                "Close the program that uses it: a video call, a browser tab. "
                "Otherwise unplug it and plug it in again.",
            )
        case FaultKind.DENIED:
            return f"{name}: this program may not use the camera", permission_hint(path)
        case FaultKind.LOST:
            return f"{name} was disconnected", "Plug it in again."
        case FaultKind.REPEATING:
            return f"{name} repeats the same picture", f"Open its shutter. {replug}"
        case _:
            return f"{name}: no frames are arriving", replug


def stream_fault_text(kind: FaultKind, name: str) -> tuple[str, str]:
    """What happened to the stream `name`, and what to try."""
    if kind is FaultKind.LOST:
        return f"{name}: the server closed the connection", "Is the server still running?"
    return f"{name}: no frames are arriving", "Check the server and the network."


def permission_hint(path: str = "", platform: str = sys.platform) -> str:
    """Where this system lets a person allow the camera."""
    if platform == "darwin":
        return (
            "Allow it in System Settings → Privacy & Security → Camera, "
            "for this program or the terminal it was started from, and start it again."
        )
    if platform == "win32":
        return (
            "Switch on “Camera access” and “Let desktop apps access your camera” "
            "in Settings → Privacy & security → Camera."
        )
    return (
        f"{path or '/dev/video*'} belongs to the group “video”: run "
        "“sudo usermod -aG video $USER”, then log out and in again."
    )
