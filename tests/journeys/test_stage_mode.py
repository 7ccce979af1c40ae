"""The stage through the real command: on two screens, and on one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.support import ROOT
from trainer.labels import EXPRESSIONS


def staged(tmp_path: Path, platform: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/support/app/staged_app.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "QT_QPA_PLATFORM": platform},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip(), done.stderr[-2000:]
    report = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(report, dict)
    return report


@pytest.fixture
def two_screens(tmp_path: Path) -> str:
    """A laptop, and a projector to the right of it."""
    screens = [
        {"name": "laptop", "x": 0, "y": 0, "width": 1280, "height": 800},
        {"name": "projector", "x": 1280, "y": 0, "width": 1920, "height": 1080},
    ]
    file = tmp_path / "screens.json"
    file.write_text(json.dumps({"screens": screens}))
    return f"offscreen:configfile={file}"


def test_the_audience_window_fills_the_second_screen(tmp_path: Path, two_screens: str) -> None:
    report = staged(tmp_path, two_screens)
    assert report["audience"] == {"screen": "projector", "rect": [1280, 0, 1920, 1080]}
    assert report["presenter"]["screen"] == "laptop"  # type: ignore[index]
    assert report["is_full_screen"]
    assert report["bar"]
    assert report["word"] == report["preview"]
    assert report["state"] == "The audience's picture is frozen"
    assert report["is_over"]
    # bright letters on dark, in the upper part of the right side
    picture = QImage(str(tmp_path / "audience.png"))
    picture = picture.convertToFormat(QImage.Format.Format_Grayscale8)
    assert (picture.width(), picture.height()) == (1920, 1080)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(1080, picture.bytesPerLine())
    text = rows[:, 960:1900] > 130  # grey where the model is unsure of the frame that came first
    tallest = np.flatnonzero(text[:400].sum(axis=1) > 20)
    assert np.ptp(tallest) > 90  # px: capitals of 120 pt are 115 px high


def test_on_a_single_screen_it_covers_the_window(tmp_path: Path) -> None:
    report = staged(tmp_path, "offscreen")
    assert report["audience"]["screen"] == report["presenter"]["screen"]  # type: ignore[index]
    x, y, *_ = report["audience"]["rect"]  # type: ignore[index]
    assert (x, y) == (0, 0)
    assert not report["bar"]
    words = ("Angry", "Disgusted", "Afraid", "Happy", "Sad", "Surprised", "Neutral")
    assert len(words) == len(EXPRESSIONS)
    assert str(report["word"]).removesuffix("?") in words
    assert report["is_over"]
