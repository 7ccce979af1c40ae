"""The cameras of this computer: all of them, and the one that a text means."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferapp.sources.base import SourceError
from ferapp.sources.camera_info import CAMERA, MODE, CameraInfo
from ferapp.sources.faults import FaultKind
from ferapp.sources.heavy_imports import load_opencv


def list_cameras(enumerate_all: Callable[[], Iterable[Any]] | None = None) -> list[CameraInfo]:
    """The connected cameras by number; empty when there are none or they cannot be listed."""
    try:
        found = list((enumerate_all or _enumerate)())
    except Exception:  # native code of the system behind it: whatever fails there, numbers work
        return []
    cameras = [
        CameraInfo(
            index=item.index,
            name=_clean(item.name or f"Camera {item.index}"),
            backend=item.backend,
            path=item.path or "",
            vid=item.vid,
            pid=item.pid,
        )
        for item in sorted(found, key=lambda item: int(item.index))
    ]
    names = Counter(camera.name.casefold() for camera in cameras)
    return [
        replace(camera, spec=f"{CAMERA}:{_stable(camera, names[camera.name.casefold()] == 1)}")
        for camera in cameras
    ]


def _enumerate() -> Iterable[Any]:
    load_opencv()
    import cv2
    from cv2_enumerate_cameras import enumerate_cameras, supported_backends

    # every backend lists every camera again: take the first that this OpenCV brings
    for backend in supported_backends:
        if cv2.videoio_registry.isBackendBuiltIn(backend):
            return enumerate_cameras(backend)
    return []


def _clean(name: str) -> str:
    """Linux says "Integrated Camera: Integrated C": the first half is enough."""
    first, _, second = name.strip().partition(": ")
    return first if second and first.startswith(second) else name.strip()


def _stable(camera: CameraInfo, unique: bool) -> str:
    if unique and not camera.name.isdecimal() and not MODE.match(camera.name):
        return camera.name
    for link in sorted(Path("/dev/v4l/by-path").glob("*")) if sys.platform == "linux" else ():
        if os.path.realpath(link) == camera.path:
            return str(link)
    return camera.path or str(camera.index)


def find_camera(text: str, cameras: list[CameraInfo]) -> CameraInfo:
    """The camera that `text` means: a number, a name or a part of it, a path; "" is the first.

    Raises SourceError when there is none, or more than one.
    """
    found = [camera for camera in cameras if camera.answers_to(text)]
    if not found and not text.isdecimal():
        part = text.casefold()
        found = [camera for camera in cameras if part in camera.name.casefold()]
    if len(found) == 1 or (found and not text):
        return found[0]
    if found:
        paths = ", ".join(f"{CAMERA}:{camera.path or camera.index}" for camera in found)
        raise SourceError(
            f"{len(found)} cameras are called {text}", f"Name one: {paths}.", FaultKind.ABSENT
        )
    if not cameras and (not text or text.isdecimal()):
        # they could not be listed, which does not mean that there are none
        camera = _unlisted(int(text or 0))
        if text or is_connected(camera):
            return camera
        raise SourceError("No camera is connected", "Connect one.", FaultKind.ABSENT)
    name = f"Camera {text}" if text.isdecimal() else text
    connected = ", ".join(camera.name for camera in cameras)
    hint = f"Connect it. Connected: {connected}." if connected else "Connect it."
    raise SourceError(f"{name} is not connected", hint, FaultKind.ABSENT)


def _unlisted(index: int) -> CameraInfo:
    path = f"/dev/video{index}" if sys.platform == "linux" else ""
    return CameraInfo(index, f"Camera {index}", path=path, spec=f"{CAMERA}:{index}")


def is_connected(camera: CameraInfo) -> bool:
    """Whether the camera is still there; True where the system does not tell."""
    if sys.platform == "linux" and camera.path.startswith("/dev/"):
        return os.path.exists(camera.path)
    # a path came from the list, so the list works here
    return not camera.path or any(other.path == camera.path for other in list_cameras())
