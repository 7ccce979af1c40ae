"""`ferapp analyze --video --anonymise`: nobody is found in any frame of the written video."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.overlays.anonymise import KINDS, AnonymiseKind, head_mask
from ferapp.sources.base import Frame
from ferapp.sources.video import VideoFile
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.single_source import analyze_source
from ferapp.vision.head_search import HeadSearch, HeadsOfFrame
from tests.support.app.analyze_parts import frames_of
from tests.support.app.detectors import detectors
from trainer.files import asset

pytestmark = pytest.mark.usefixtures("qapp")


def clip_frames(every: int) -> list[Frame]:
    clip, frames = VideoFile(asset("demo/demo.mp4")), []
    while (frame := clip.read()) is not None:
        if frame.index % every == 0:
            frames.append(frame)
    clip.close()
    return frames


def check_clip(folder: Path, kind: AnonymiseKind, every: int) -> None:
    video, table = folder / "out.mp4", folder / "out.csv"
    settings = AnalysisSettings(every=every)
    analyze_source("demo", table, settings, video_file=video, anonymise=kind)
    _, written = frames_of(video)
    sources = clip_frames(every)
    assert len(written) == len(sources)
    with detectors() as judges, HeadSearch(video=True) as search:
        for shown, frame in zip(written, sources, strict=True):
            heads = search(frame.image, time_s=frame.time_s)
            mask = head_mask(frame.image.shape[:2], HeadsOfFrame(heads.heads))
            assert judges.found(shown, mask) == [], frame.index
            if not heads.is_lost:
                wide = cv2.dilate(mask.astype(np.uint8), np.ones((41, 41))).astype(bool)
                off = shown[~wide].astype(int) - frame.image[~wide]
                assert np.abs(off).mean() < 6  # as the codec has it


def test_nobody_is_found_in_the_video(tmp_path: Path) -> None:
    check_clip(tmp_path, "mesh", every=120)
    note = json.loads((tmp_path / "out.mp4.json").read_text())
    assert note["anonymised"] == "mesh"
    assert "anonymised" not in json.loads((tmp_path / "out.csv.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_found_all_through_the_clip(tmp_path: Path, kind: AnonymiseKind) -> None:
    check_clip(tmp_path, kind, every=20)


def test_more_faces_than_are_analysed_are_covered(tmp_path: Path, demo_frame: np.ndarray) -> None:
    """One row in the table, and no face in the picture."""
    half = demo_frame[:, 300:]
    picture, video = tmp_path / "pair.png", tmp_path / "out.mp4"
    cv2.imwrite(str(picture), np.hstack([half, half[:, ::-1]]))
    table = tmp_path / "out.csv"
    analyze_source(
        str(picture), table, AnalysisSettings(faces=1), video_file=video, anonymise="mask"
    )
    assert len(table.read_text().splitlines()) == 2
    _, (shown,) = frames_of(video)
    with detectors() as judges:
        assert judges.found(shown, np.ones(shown.shape[:2], bool)) == []
