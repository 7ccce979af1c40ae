"""A camera and its mode as data, and the URIs that name them."""

import os
import re
import sys
from dataclasses import dataclass

DEMO, CAMERA = "demo", "camera"
DEMO_NAME = "Demo clip"
MODE = re.compile(r"^(?P<rest>.*)@(?P<w>\d+)x(?P<h>\d+)(@(?P<fps>\d+(\.\d+)?))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mode:
    """Size in pixels and frames a second; 0 fps is unknown."""

    width: int
    height: int
    fps: float = 0.0

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f"@{self.fps:g}" if self.fps else "")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A connected camera. `uri` opens this very camera, also on another USB port."""

    index: int  # OpenCV's number, which may change when another camera is plugged in
    name: str
    backend: int = 0  # OpenCV's API; 0 is any
    path: str = ""  # the system's device path or unique id
    vid: int | None = None  # USB vendor and product
    pid: int | None = None
    uri: str = ""

    def matches(self, selector: str) -> bool:
        """Whether `selector` (a number, name or path; "" is any camera) means this camera."""
        if not selector:
            return True
        if selector.isdecimal():
            return int(selector) == self.index
        names = {self.name, self.path, self.uri.removeprefix(f"{CAMERA}:")}
        if sys.platform == "linux" and selector.startswith("/dev/"):
            selector = os.path.realpath(selector)  # /dev/v4l/by-path/… is a link
        return selector.casefold() in {name.casefold() for name in names if name}


def parse_camera_uri(uri: str) -> tuple[str, Mode | None] | None:
    """Selector and mode of `camera[:N|NAME|PATH][@WIDTHxHEIGHT[@FPS]]`; None for other URIs."""
    mode = None
    if match := MODE.match(uri):
        uri = match["rest"]
        mode = Mode(int(match["w"]), int(match["h"]), float(match["fps"] or 0))
    scheme, colon, selector = uri.partition(":")
    if scheme != CAMERA or (colon and not selector.strip()):
        return None
    return selector.strip(), mode
