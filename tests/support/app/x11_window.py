"""Run by a test under an X server: open the app, wait for a face, save what the screen shows."""

import sys

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from ferapp.app import make_application, make_window
from ferapp.live.engine import Engine
from ferapp.overlays import palette
from ferapp.ui.shell.settings import SettingsStore
from tests.support.app.engine_parts import has_map


def main(out: str) -> int:
    app = make_application()
    window = make_window(Engine("demo", "default", "cpu"), SettingsStore())
    tries = 0

    def look() -> None:
        nonlocal tries
        tries += 1
        analysis = window.live_page.analysis
        if analysis is None or not has_map(analysis):
            if tries > 1200:
                app.exit(1)
            return
        timer.stop()
        window.actions_by_id["freeze"].trigger()
        QTimer.singleShot(300, shoot)

    def shoot() -> None:
        view = window.live_page.view
        analysis = window.live_page.analysis
        assert analysis is not None
        screen = QApplication.primaryScreen().grabWindow(window.winId())
        screen.save(out)
        tip = view.frame_to_view(*analysis.faces[0].landmarks[30].tolist()).toPoint()
        place = view.mapTo(window, tip)
        colour = screen.toImage().pixelColor(place)
        wanted = QColor(palette.FACE_COLOURS[0])
        near = all(
            abs(a - b) < 40 for a, b in zip(colour.getRgb()[:3], wanted.getRgb()[:3], strict=True)
        )
        print("platform", app.platformName(), flush=True)
        print("landmark colour", near, colour.name(), flush=True)
        app.exit(0)

    timer = QTimer(interval=100)
    timer.timeout.connect(look)
    timer.start()
    code = app.exec()
    window.close()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
