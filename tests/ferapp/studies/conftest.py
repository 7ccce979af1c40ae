"""A short clip, and its table."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.sources.video import VideoFile
from ferapp.studies.output_note import OutputNote
from ferapp.studies.single_source import analyze_source
from tests.support.app.analyze_parts import CLIP_FRAMES
from trainer.files import asset


@pytest.fixture(scope="package")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frames of the demo clip, and one without a face among them."""
    file = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 24, (640, 360))
    demo = VideoFile(asset("demo/demo.mp4"))
    for index in range(CLIP_FRAMES):
        frame = demo.read()
        assert frame is not None
        writer.write(np.full_like(frame.image, 90) if index == 3 else frame.image)
    demo.close()
    writer.release()
    return file


@pytest.fixture(scope="package")
def whole(clip: Path) -> Path:
    """The table of the clip, made in one go; with its note."""
    table = clip.with_name("whole.csv")
    analyze_source(str(clip), table)
    return table


@pytest.fixture
def table(whole: Path, tmp_path: Path) -> Path:
    """A copy, to be interrupted."""
    copied = tmp_path / "faces.csv"
    copied.write_bytes(whole.read_bytes())
    OutputNote(copied).path.write_bytes(OutputNote(whole).path.read_bytes())
    return copied
