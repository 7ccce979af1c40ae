"""Writes the animated pictures of the README, from the real app and the demo clip.

`QT_QPA_PLATFORM=offscreen python -m tests.support.app.readme_animations live|brush FILE.webp`
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ferapp.app import make_application, make_window
from ferapp.live.engine import Engine
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow

SIZE = 1120, 680  # of the window, px
WIDTH = 840  # of the animation, px
FRAME_MS = 120
START_S = 1.0  # of the clip: a sad face
LIMIT_S = 180
BROWS = (17, 18, 19, 20, 21, 27, 22, 23, 24, 25, 26)


class Film:
    def __init__(self, window: MainWindow) -> None:
        self.window, self.page = window, window.live_page
        self.frames: list[Image.Image] = []

    def until(self, condition: Callable[[], object]) -> None:
        ends = time.monotonic() + LIMIT_S
        while not condition():
            QApplication.processEvents()
            time.sleep(0.005)
            if time.monotonic() > ends:
                raise TimeoutError(condition)

    def wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > ends)

    def go_to(self, second: float) -> None:
        """Seek, and wait until the picture there is analysed."""
        self.page.play_bar.sought.emit(second)

        def is_there() -> bool:
            at = self.position()
            return at is not None and abs(at - second) < 0.06

        self.until(is_there)

    def position(self) -> float | None:
        """Of the displayed picture in the clip, in seconds."""
        shown = self.page.analysis
        return shown.frame.position_s if shown is not None else None

    def show_hidden(self) -> None:
        """Wait until what is hidden now is on the picture."""
        self.until(
            lambda: self.page.analysis and self.page.analysis.hidden == self.page.options.hidden
        )

    def shoot(self, count: int = 1) -> None:
        image = self.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = bytes(image.constBits())
        size = image.width(), image.height()
        picture = Image.frombytes("RGB", size, rows, "raw", "RGB", image.bytesPerLine())
        height = round(WIDTH * size[1] / size[0])
        self.frames += [picture.resize((WIDTH, height), Image.Resampling.LANCZOS)] * count

    def at(self, landmark: int) -> QPoint:
        shown = self.page.analysis
        assert shown is not None
        landmarks = shown.faces[0].landmarks
        assert landmarks is not None
        return self.page.view.frame_to_view(*landmarks[landmark].tolist()).toPoint()

    def paint(self, landmarks: tuple[int, ...]) -> None:
        view, left = self.page.view, Qt.MouseButton.LeftButton
        QTest.mousePress(view, left, pos=self.at(landmarks[0]))
        for landmark in landmarks:
            QTest.mouseMove(view, self.at(landmark))
            self.show_hidden()
            self.wait(0.1)
            self.shoot()
        QTest.mouseRelease(view, left, pos=self.at(landmarks[-1]))
        self.page.brush.tool.layer.set_ring(None)


def film_live(window: MainWindow) -> list[Image.Image]:
    """From a sad face through fear to a smile, as it plays: on a machine that does nothing else."""
    made = Film(window)
    page = made.page
    made.until(lambda: page.analysis and page.analysis.faces and page.analysis.faces[0].prediction)
    made.go_to(3.0)
    made.until(lambda: (made.position() or 0.0) > 12.0)  # the timeline has seen it
    made.go_to(4.0)
    while (made.position() or 0.0) < 11.0:
        made.wait(FRAME_MS / 1000)
        made.shoot()
    return made.frames


def film_brush(window: MainWindow) -> list[Image.Image]:
    made = Film(window)
    page, actions = made.page, window.actions_by_id
    made.until(lambda: page.analysis and page.analysis.faces and page.analysis.faces[0].prediction)
    actions["freeze"].trigger()
    made.wait(0.5)
    made.go_to(START_S)
    made.wait(0.5)
    actions["brush"].trigger()
    made.shoot(6)
    made.paint(BROWS)
    made.wait(0.5)
    made.shoot(8)
    for step in range(1, 13):  # the clip goes on: the paint stays on the brows
        made.go_to(START_S + 0.12 * step)
        made.wait(0.1)
        made.shoot()
    made.go_to(START_S)
    actions["brush_clear"].trigger()
    made.show_hidden()
    made.wait(0.5)
    made.shoot(6)
    actions["find_patch"].trigger()
    while page.brush.search.is_running:
        made.wait(0.15)
        made.shoot()
    made.until(lambda: page.options.hidden)
    made.show_hidden()
    for _ in range(12):
        made.wait(0.12)
        made.shoot()
    made.shoot(10)
    return made.frames


def main(name: str, file: Path) -> None:
    app = make_application()
    store = SettingsStore()
    store.change(hints_seen=True, smoothing_ms=0 if name == "brush" else 300)
    window = make_window(Engine("demo", "default", "cpu"), store)
    window.resize(*SIZE)
    window.show()
    try:
        first, *others = {"live": film_live, "brush": film_brush}[name](window)
    finally:
        window.close()
        app.processEvents()
    first.save(
        file, save_all=True, append_images=others, duration=FRAME_MS, loop=0, quality=60, method=4
    )
    print(f"{file}: {1 + len(others)} frames, {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
