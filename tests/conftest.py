"""Offscreen Qt, isolated settings and caches, drawn faces, and the data sets where they are."""

import os
from pathlib import Path

from tests.support import ROOT
from tests.support.command import Command

if not os.environ.get("FERAPP_TEST_X11"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
# two tests run at once: threads of their own would only wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
# tests import onnxruntime by themselves, which would report it to its makers
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# child processes import the packages, and tests.support, from here too
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])]
)

# its list of fonts takes seconds: made once, not again in each test's own folder of caches
os.environ["MPLCONFIGDIR"] = str(ROOT / ".pytest_cache" / "matplotlib")

import numpy as np
import pytest

pytest_plugins = ["tests.support.leaks"]  # each test ends with nothing left behind


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings and caches of the person who runs it."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test wrote is read from memory; a disk takes up to a second for each file."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="session")
def fer2013_csv() -> Path:
    """FER2013's CSV from $FER2013_DIR; the test is skipped where it is not."""
    folder = os.environ.get("FER2013_DIR")
    file = Path(folder or ".") / "fer2013.csv"
    if not folder or not file.is_file():
        pytest.skip("FER2013 is not here: $FER2013_DIR names no folder with fer2013.csv")
    return file


@pytest.fixture(scope="session")
def demo_frame() -> np.ndarray:
    """A frame of the demo clip with one face, BGR (360, 640, 3)."""
    import cv2

    capture = cv2.VideoCapture(str(ROOT / "assets" / "demo" / "demo.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 60)
    good, image = capture.read()
    capture.release()
    assert good
    return np.asarray(image, np.uint8)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)
