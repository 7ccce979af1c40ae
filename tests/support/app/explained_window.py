"""Opens the app, waits for an explained face and saves what the screen shows.

Run by tests in a process of its own: under an X server, and from an installed wheel. Prints the
platform and whether a landmark has its colour in the picture.
"""

import sys

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from ferapp.app import make_application, make_window
from ferapp.live.engine import Engine
from ferapp.overlays import palette
from ferapp.ui.shell.settings import SettingsStore

POLL_MS = 100
LIMIT_S = 120
SETTLE_MS = 300  # from freezing to the painted picture
NOSE_TIP = 30


def main(picture: str) -> int:
    """0, or 1 if no face was explained in time."""
    app = make_application()
    window = make_window(Engine("demo", "default", "cpu"), SettingsStore())
    polls = 0

    def poll() -> None:
        nonlocal polls
        polls += 1
        analysis = window.live_page.analysis
        face = analysis.selected_face if analysis is not None else None
        prediction = face.prediction if face is not None else None
        if prediction is None or prediction.attribution is None:
            if polls * POLL_MS > 1000 * LIMIT_S:
                app.exit(1)
            return
        timer.stop()
        window.actions_by_id["freeze"].trigger()
        QTimer.singleShot(SETTLE_MS, save)

    def save() -> None:
        view = window.live_page.view
        analysis = window.live_page.analysis
        assert analysis is not None
        landmarks = analysis.faces[0].landmarks
        assert landmarks is not None
        screen = QApplication.primaryScreen().grabWindow(window.winId())
        screen.save(picture)
        tip = view.frame_to_view(*landmarks[NOSE_TIP].tolist()).toPoint()
        image, centre = screen.toImage(), view.mapTo(window, tip)
        expected = QColor(palette.LANDMARK)
        places = [centre + QPoint(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
        lightest = max(image.pixelColor(place).lightness() for place in places)
        close = lightest > expected.lightness() - 40
        colour = image.pixelColor(centre)
        print("platform", app.platformName(), flush=True)
        print("landmark colour", close, colour.name(), flush=True)
        app.exit(0)

    timer = QTimer(interval=POLL_MS)
    timer.timeout.connect(poll)
    timer.start()
    code = app.exec()
    window.close()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
