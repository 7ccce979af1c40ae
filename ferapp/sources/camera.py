"""Frames from a webcam, and why one cannot be used."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.camera_info import CameraInfo, Mode
from ferapp.sources.camera_list import is_camera_connected
from ferapp.sources.faults import FaultKind, camera_fault_text

STALLED_S = 1.0  # a read that fails after this long waited for a frame; sooner, it was refused
MIN_COMPRESSED_WIDTH = 640  # USB 2 carries wider frames at full rate only as JPEG

OpenDevice = Callable[[int, int], Any]


class Camera(FrameSource):
    """A webcam. Its driver may ignore `requested_mode`: `fps` and the frames tell what it sends."""

    kind: Kind = "camera"

    def __init__(
        self,
        camera: CameraInfo,
        requested_mode: Mode | None = None,
        open_device: OpenDevice | None = None,
    ) -> None:
        self.name, self.camera, self.requested_mode = camera.name, camera, requested_mode
        self._index, self._began = 0, 0.0
        if sys.platform == "linux" and not is_camera_connected(camera):
            raise self._error(FaultKind.ABSENT)  # OpenCV would take long to find out
        self._device = (open_device or cv2.VideoCapture)(camera.index, camera.backend)
        if not self._device.isOpened():
            self._device.release()
            raise self._error(opening_fault(camera))
        if requested_mode is not None:
            self._request(requested_mode)
        rate = float(self._device.get(cv2.CAP_PROP_FPS))
        self.fps = rate if 0 < rate <= 1000 else 0.0

    def read(self) -> Frame | None:
        started = time.perf_counter()
        succeeded, image = self._device.read()
        now = time.perf_counter()
        if not succeeded:
            raise self._error(self._reading_fault(now - started))
        if self._index == 0:
            self._began = now
        frame = Frame(np.asarray(image, np.uint8), self._index, now - self._began, now)
        self._index += 1
        return frame

    def skip(self) -> None:
        started = time.perf_counter()
        if not self._device.grab():
            raise self._error(self._reading_fault(time.perf_counter() - started))

    def is_connected(self) -> bool:
        return self.camera is None or is_camera_connected(self.camera)

    def close(self) -> None:
        self._device.release()

    def _request(self, mode: Mode) -> None:
        if mode.width > MIN_COMPRESSED_WIDTH:
            self._device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._device.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
        self._device.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
        if mode.fps:
            self._device.set(cv2.CAP_PROP_FPS, mode.fps)

    def _reading_fault(self, waited_s: float) -> FaultKind:
        if not self.is_connected():
            return FaultKind.LOST
        if waited_s >= STALLED_S:
            return FaultKind.STALLED
        # some drivers refuse only the first frame when another program has the camera
        return FaultKind.LOST if self._index else FaultKind.BUSY

    def _error(self, kind: FaultKind) -> SourceError:
        path = self.camera.path if self.camera else ""
        return SourceError(*camera_fault_text(kind, self.name, path), kind)


def opening_fault(camera: CameraInfo) -> FaultKind:
    """Why OpenCV, which gives no reason, could not open a camera."""
    if not camera.path or not is_camera_connected(camera):
        return FaultKind.ABSENT
    if sys.platform == "darwin":
        return FaultKind.DENIED  # programs share cameras there: only permission is left
    if sys.platform == "win32":
        return FaultKind.DENIED if _is_denied_by_windows() else FaultKind.BUSY
    return FaultKind.BUSY if os.access(camera.path, os.R_OK | os.W_OK) else FaultKind.DENIED


def _is_denied_by_windows() -> bool:
    if sys.platform == "win32":
        import winreg

        store = r"Software\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore"
        for key in (rf"{store}\webcam", rf"{store}\webcam\NonPackaged"):
            for root in (winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER):
                try:
                    with winreg.OpenKey(root, key) as opened:
                        if winreg.QueryValueEx(opened, "Value")[0] == "Deny":
                            return True
                except OSError:
                    continue
    return False
