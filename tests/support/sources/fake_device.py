"""Stands for cv2.VideoCapture on a camera."""

from collections.abc import Callable

import cv2
import numpy as np


class FakeDevice:
    """Pictures of 0, 20, 40 … without end; remembers what was set."""

    open_now = 0
    opens = True

    def __init__(self, index: int, backend: int) -> None:
        self.number = (index, backend)
        self.set_to: dict[int, float] = {}
        self._open = self.opens
        FakeDevice.open_now += self._open
        self._count = 0

    def isOpened(self) -> bool:  # noqa: N802
        return self._open

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._count += 1
        return True, np.full((48, 64, 3), (self._count - 1) * 20 % 256, np.uint8)

    def set(self, what: int, value: float) -> bool:
        self.set_to[what] = value
        return True

    def get(self, what: int) -> float:
        return 15.0 if what == cv2.CAP_PROP_FPS else 0.0

    def release(self) -> None:
        FakeDevice.open_now -= self._open
        self._open = False


class ShutDevice(FakeDevice):
    opens = False


def failing_after(good: int) -> Callable[[int, int], FakeDevice]:
    """A device whose read fails after `good` pictures."""

    class Failing(FakeDevice):
        def read(self) -> tuple[bool, np.ndarray | None]:
            return super().read() if self._count < good else (False, None)

    return Failing
