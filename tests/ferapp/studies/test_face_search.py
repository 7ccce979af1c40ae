"""`ferapp analyze` on what the landmarker alone misses: small faces, crowds, turned pictures."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.single_source import analyze_source
from tests.support.app.analyze_parts import meanings_of, rows_of, shorten
from tests.support.app.crowds import face_patch, paste, wall
from trainer.errors import UsageError
from trainer.faces.landmarker import FaceLandmarker


@pytest.fixture(scope="module")
def patch(demo_frame: np.ndarray) -> np.ndarray:
    """BGR, as files are written."""
    with FaceLandmarker() as landmarker:
        box = landmarker(np.ascontiguousarray(demo_frame[..., ::-1]))[0].box
    return face_patch(demo_frame, box)


def boxes(rows: list[dict[str, str]]) -> list[list[float]]:
    return [[float(row[f"box_{name}"]) for name in "xywh"] for row in rows]


def test_thirty_faces_are_thirty_rows(tmp_path: Path, patch: np.ndarray) -> None:
    picture, crowd = tmp_path / "crowd.png", wall(1100, 800)
    for index in range(30):
        paste(crowd, patch, 110 + 170 * (index % 6), 90 + 150 * (index // 6), 60 + 2 * index)
    cv2.imwrite(str(picture), crowd)
    table = tmp_path / "crowd.csv"
    summary = analyze_source(str(picture), table, AnalysisSettings(faces=30))
    rows = rows_of(table)
    assert len(rows) == 30
    assert len({row["face_id"] for row in rows}) == 30
    assert {row["label"] for row in rows} == {"sad"} | {row["label"] for row in rows}
    assert all(0.6 <= float(row["detection_score"]) <= 1 for row in rows)
    widths = [float(row["face_px"]) for row in rows]
    assert widths == sorted(widths, reverse=True) or np.corrcoef(widths, range(30))[0, 1] < -0.9
    look = summary.as_dict()["second_look"]
    assert (look["looks"], look["faces"]) == (1, 30)
    assert look["ms_per_look"] > 1
    assert "Small and turned faces: 30 in 1 second look of" in summary.as_text()

    missed = analyze_source(str(picture), table, AnalysisSettings(faces=30, small_faces="off"))
    assert missed.frames_with_face == 0
    note = json.loads((tmp_path / "crowd.csv.json").read_text())
    assert (note["faces"], note["small_faces"], note["rotate"]) == (30, "off", 0)


def test_a_turned_picture_reads_like_the_upright_one(
    tmp_path: Path, demo_frame: np.ndarray
) -> None:
    """Found unasked or by --rotate: the same label, the box where the face is, the roll."""
    height, width = demo_frame.shape[:2]
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "0.png"), demo_frame)
    cv2.imwrite(str(folder / "1.png"), cv2.rotate(demo_frame, cv2.ROTATE_180))
    analyze_source(str(folder), tmp_path / "found.csv")
    analyze_source(str(folder / "1.png"), tmp_path / "stated.csv", AnalysisSettings(rotate=180))
    upright, found = rows_of(tmp_path / "found.csv")
    (stated,) = rows_of(tmp_path / "stated.csv")
    ((x, y, w, h),) = boxes([upright])
    for row in (found, stated):
        assert row["label"] == upright["label"]
        assert float(row["confidence"]) == pytest.approx(float(upright["confidence"]), abs=0.15)
        expected = (width - 1 - x - w, height - 1 - y - h, w, h)
        assert boxes([row])[0] == pytest.approx(expected, abs=0.06 * w)
        roll = float(row["roll_deg"]) - float(upright["roll_deg"])
        assert abs(roll % 360 - 180) < 8
    assert boxes([stated])[0] == pytest.approx(
        (width - 1 - x - w, height - 1 - y - h, w, h), abs=0.2
    )


def test_the_file_name_stands_before_the_quality(tmp_path: Path, demo_frame: np.ndarray) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "face.png"), demo_frame)
    dark = np.random.default_rng(0).normal(0.08 * demo_frame.astype(float), 2).clip(0, 255)
    cv2.imwrite(str(folder / "night.png"), dark.astype(np.uint8))
    table = tmp_path / "faces.csv"
    analyze_source(str(folder), table)
    day, night = rows_of(table)
    assert list(day)[-7:] == [
        *("file", "detection_score", "face_px", "sharpness", "brightness", "turned_deg", "doubts")
    ]
    assert list(meanings_of(table)) == list(day)
    assert (day["file"], day["doubts"]) == ("face.png", "")
    assert "dark" in night["doubts"].split(";")
    assert float(night["brightness"]) < 15 < float(day["brightness"])
    assert float(day["face_px"]) == pytest.approx(float(day["box_w"]), rel=0.15)


def test_a_resumed_table_has_its_scores_where_the_whole_one_has_them(tmp_path: Path) -> None:
    """A video gets a second look every two seconds of its own time."""
    whole, table = tmp_path / "whole.csv", tmp_path / "faces.csv"
    settings = AnalysisSettings(every=24, max_frames=8, faces=2)
    analyze_source("demo", whole, settings)
    table.write_bytes(whole.read_bytes())
    table.with_name("faces.csv.json").write_bytes(whole.with_name("whole.csv.json").read_bytes())
    shorten(table, 5)
    analyze_source("demo", table, settings, resume=True)
    scored = [
        [row["frame"] for row in rows_of(t) if row["detection_score"]] for t in (whole, table)
    ]
    assert scored[0] == scored[1] == ["0", "48", "96", "144"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rotate": 45}, "--rotate 45"),
        ({"small_faces": "on"}, "--small-faces on"),
        ({"faces": 65}, "--faces 65"),
        ({"faces": 0}, "--faces 0"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        AnalysisSettings(**options)
