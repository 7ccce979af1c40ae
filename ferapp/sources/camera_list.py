"""The cameras of this computer: listing them, and finding the one that a URI means."""

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
        devices = list((enumerate_all or _enumerate)())
    except Exception:  # native code of the system can raise anything; camera numbers still work
        return []
    cameras = [
        CameraInfo(
            index=device.index,
            name=_clean(device.name or f"Camera {device.index}"),
            backend=device.backend,
            path=device.path or "",
            vid=device.vid,
            pid=device.pid,
        )
        for device in sorted(devices, key=lambda device: int(device.index))
    ]
    names = Counter(camera.name.casefold() for camera in cameras)
    return [
        replace(camera, uri=f"{CAMERA}:{_selector(camera, names[camera.name.casefold()] == 1)}")
        for camera in cameras
    ]


def _enumerate() -> Iterable[Any]:
    load_opencv()
    import cv2
    from cv2_enumerate_cameras import enumerate_cameras, supported_backends

    # every backend lists every camera again: take the first that this OpenCV has
    for backend in supported_backends:
        if cv2.videoio_registry.isBackendBuiltIn(backend):
            return enumerate_cameras(backend)
    return []


def _clean(name: str) -> str:
    """Linux says "Integrated Camera: Integrated C": the first half is enough."""
    first, _, second = name.strip().partition(": ")
    return first if second and first.startswith(second) else name.strip()


def _selector(camera: CameraInfo, is_name_unique: bool) -> str:
    """Text that selects this camera after a restart and on another port, where possible."""
    if is_name_unique and not camera.name.isdecimal() and not MODE.match(camera.name):
        return camera.name
    for link in sorted(Path("/dev/v4l/by-path").glob("*")) if sys.platform == "linux" else ():
        if os.path.realpath(link) == camera.path:
            return str(link)
    return camera.path or str(camera.index)


def find_camera(selector: str, cameras: list[CameraInfo]) -> CameraInfo:
    """The camera that `selector` means: a number, a name or part of one, a path; "" is the first.

    Raises SourceError when there is none, or more than one.
    """
    matches = [camera for camera in cameras if camera.matches(selector)]
    if not matches and not selector.isdecimal():
        part = selector.casefold()
        matches = [camera for camera in cameras if part in camera.name.casefold()]
    if len(matches) == 1 or (matches and not selector):
        return matches[0]
    if matches:
        uris = ", ".join(f"{CAMERA}:{camera.path or camera.index}" for camera in matches)
        raise SourceError(
            f"{len(matches)} cameras are called {selector}", f"Name one: {uris}.", FaultKind.ABSENT
        )
    if not cameras and (not selector or selector.isdecimal()):
        # they could not be listed, which does not mean that there are none
        camera = _unlisted(int(selector or 0))
        if selector or is_camera_connected(camera):
            return camera
        raise SourceError("No camera is connected", "Connect one.", FaultKind.ABSENT)
    name = f"Camera {selector}" if selector.isdecimal() else selector
    connected = ", ".join(camera.name for camera in cameras)
    hint = f"Connect it. Connected: {connected}." if connected else "Connect it."
    raise SourceError(f"{name} is not connected", hint, FaultKind.ABSENT)


def _unlisted(index: int) -> CameraInfo:
    path = f"/dev/video{index}" if sys.platform == "linux" else ""
    return CameraInfo(index, f"Camera {index}", path=path, uri=f"{CAMERA}:{index}")


def is_camera_connected(camera: CameraInfo) -> bool:
    """Whether the camera is still there; True where the system does not tell."""
    if sys.platform == "linux" and camera.path.startswith("/dev/"):
        return os.path.exists(camera.path)
    # a path came from the list, so listing works here
    return not camera.path or any(other.path == camera.path for other in list_cameras())
