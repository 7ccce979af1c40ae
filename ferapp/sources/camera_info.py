"""A camera and its mode as data, and the text that names them. No OpenCV here."""

import os
import re
import sys
from dataclasses import dataclass

DEMO, CAMERA = "demo", "camera"
MODE = re.compile(r"^(?P<rest>.*)@(?P<w>\d+)x(?P<h>\d+)(@(?P<fps>\d+(\.\d+)?))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mode:
    """Size in pixels and pictures a second; 0 fps is unknown."""

    width: int
    height: int
    fps: float = 0.0

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f"@{self.fps:g}" if self.fps else "")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that is connected. `spec` opens this very camera, also on another USB port."""

    index: int  # OpenCV's number, which may change when another camera is plugged in
    name: str
    backend: int = 0  # OpenCV's API; 0 is any
    path: str = ""  # the system's device path or unique id
    vid: int | None = None  # USB vendor and product
    pid: int | None = None
    spec: str = ""

    def answers_to(self, text: str) -> bool:
        """Whether `text` (a number, name or path; "" is any camera) means this camera."""
        if not text:
            return True
        if text.isdecimal():
            return int(text) == self.index
        own = {self.name, self.path, self.spec.removeprefix(f"{CAMERA}:")}
        if sys.platform == "linux" and text.startswith("/dev/"):
            text = os.path.realpath(text)  # /dev/v4l/by-path/… is a link
        return text.casefold() in {name.casefold() for name in own if name}


def camera_text(spec: str) -> tuple[str, Mode | None] | None:
    """Parts of `camera[:N|NAME|PATH][@WIDTHxHEIGHT[@FPS]]`; None when `spec` is no camera."""
    mode = None
    if found := MODE.match(spec):
        spec = found["rest"]
        mode = Mode(int(found["w"]), int(found["h"]), float(found["fps"] or 0))
    word, colon, text = spec.partition(":")
    if word != CAMERA or (colon and not text.strip()):
        return None
    return text.strip(), mode
