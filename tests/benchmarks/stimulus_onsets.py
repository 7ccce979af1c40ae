"""When a stimulus is on the screen, beside when the app says so: a second process looks at a pixel.

    python -m tests.benchmarks.stimulus_onsets

Needs an X server with a window manager; Xvfb will do. The whole app runs, with the demo clip as
the camera. Prints by how much the pixel changed later than the event's time, how much longer than
asked a cross or a stimulus was on the screen, and when the next recorded frame arrived.
"""

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QTimer

from ferapp.app import make_application
from ferapp.live.engine import Engine
from ferapp.live.status import ModelState
from ferapp.recording.session import read_session
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow

COUNT, SECONDS, FIXATION = 30, 0.7, 0.4
PIXEL = (90, 90)  # on the ground, and on a picture that fills the screen


def watch_pixel() -> None:
    """Print the time.perf_counter() and the value whenever the pixel of the root window changes."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = x11.XGetImage.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = x11.XGetPixel.restype = ctypes.c_ulong
    x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
    x11.XGetImage.argtypes = [
        *(ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_int, ctypes.c_uint),
        *(ctypes.c_uint, ctypes.c_ulong, ctypes.c_int),
    ]
    x11.XGetPixel.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    x11.XDestroyImage.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    root, before = x11.XDefaultRootWindow(display), -1
    while True:
        image = x11.XGetImage(display, root, *PIXEL, 1, 1, ctypes.c_ulong(-1).value, 2)
        value = x11.XGetPixel(image, 0, 0) & 0xFF
        x11.XDestroyImage(image)
        if value != before:
            print(f"{time.perf_counter():.5f} {value}", flush=True)
            before = value
        time.sleep(0.0005)


def write_list(folder: Path) -> Path:
    rows = ["file,seconds,fixation,condition"]
    for number in range(2):
        picture = np.full((720, 1280, 3), 255 * number, np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    rows += [f"{number % 2}.png,{SECONDS},{FIXATION},grey{number % 2}" for number in range(COUNT)]
    (folder / "stimuli.csv").write_text("\n".join(rows))
    return folder / "stimuli.csv"


def run(folder: Path) -> list[tuple[str, float]]:
    """The events with their absolute times."""
    app = make_application()
    store = SettingsStore(folder / "settings.json")
    store.change(recordings=str(folder / "recordings"))
    engine = Engine("demo", "default")
    window = MainWindow(engine, store)
    window.show()
    engine.start()
    events: list[tuple[str, float]] = []
    stimuli, file = window.stimuli, write_list(folder)

    def begin() -> None:
        if engine.status().model.state is not ModelState.READY or not window.live_page.analysis:
            QTimer.singleShot(200, begin)
            return
        stimuli.open()
        assert stimuli.dialog is not None
        stimuli.dialog.is_random.setChecked(False)
        stimuli.dialog.check(file)
        start()

    def start() -> None:
        dialog = stimuli.dialog
        assert dialog is not None
        if not dialog.start.isEnabled():
            QTimer.singleShot(100, start)
            return
        dialog.start.click()
        assert stimuli.consent is not None
        stimuli.consent.agree.click()
        assert stimuli.presentation is not None
        assert stimuli.screen is not None
        print(f"Onset: {stimuli.screen.onset_method}")
        stimuli.presentation.happened.connect(lambda kind, _, at: events.append((kind, at)))
        stimuli.presentation.ended.connect(lambda _: QTimer.singleShot(3000, window.close_at_once))

    QTimer.singleShot(500, begin)
    app.exec()
    return events


def summary(name: str, seconds: list[float]) -> None:
    values = 1000 * np.array(seconds)
    p50, p95 = np.percentile(values, [50, 95])
    spread = f"min {values.min():.1f}, max {values.max():.1f}"
    print(f"{name}: median {p50:.1f} ms, p95 {p95:.1f} ms ({spread}; n = {len(values)})")


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        watcher = [sys.executable, "-m", "tests.benchmarks.stimulus_onsets", "watch"]
        with subprocess.Popen(watcher, stdout=subprocess.PIPE, text=True) as process:
            events = run(folder)
            process.terminate()
            assert process.stdout is not None
            changes = [line.split() for line in process.stdout.read().splitlines()]
        seen = [(float(at), int(value)) for at, value in changes]
        wanted = {"fixation": {0x80}, "stimulus": {0, 255}}
        late = {
            kind: [
                min((when - at for when, value in seen if value in values), key=abs)
                for what, at in events
                if what == kind
            ]
            for kind, values in wanted.items()
        }
        summary("Pixel of a stimulus after its event", late["stimulus"])
        summary("Pixel of a cross after its event", late["fixation"])
        (recording,) = (folder / "recordings").iterdir()
        session = read_session(recording)
        shown = session.stimuli
        summary("Cross longer than asked", [s.onset_s - s.begin_s - FIXATION for s in shown])
        summary("Stimulus longer than asked", [s.end_s - s.onset_s - SECONDS for s in shown])
        times = np.array([frame.time_s for frame in session.frames])
        next_frame = [float(times[times >= s.onset_s].min() - s.onset_s) for s in shown]
        summary("Next recorded frame after an onset", next_frame)
        summary("Between two recorded frames", np.diff(times).tolist())


if __name__ == "__main__":
    watch_pixel() if "watch" in sys.argv else main()
