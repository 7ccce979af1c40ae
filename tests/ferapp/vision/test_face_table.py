"""The last columns of the table: how good the picture of a face is, and why to doubt its label."""

import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.vision.face_table import (
    DOUBTS,
    QUALITY_COLUMNS,
    column_meanings,
    table_head,
    table_rows,
)
from ferapp.vision.quality import measure_face, quality_issues
from ferapp.vision.types import (
    Analysis,
    AppliedModel,
    Face,
    FaceMeasures,
    Prediction,
    QualityKind,
)

MODEL = AppliedModel(("happy", "sad"))
NAMES = ["detection_score", "face_px", "sharpness", "brightness", "turned_deg", "doubts"]


def cells(measures: FaceMeasures | None, happy: float = 0.9) -> dict[str, str]:
    """The last columns of the row of one face."""
    now = np.array([happy, 1 - happy], np.float32)
    smooth = np.array([0.97, 0.03], np.float32)
    issues = quality_issues(measures) if measures is not None else ()
    face = Face(
        3,
        (0.0, 0.0, 9.0, 9.0),
        None,
        None,
        np.full(25, np.nan, np.float32),
        issues,
        (Prediction(MODEL, now, smooth),),
        measures,
    )
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, 0.0)
    (row,) = table_rows(Analysis(frame, (face,), frame.image, (MODEL,)))
    return dict(zip(table_head(MODEL)[-6:], row[-6:], strict=True))


GOOD = FaceMeasures(120.0, 1.05, 98.6, 7.25, 0.0, 0.9371)


def test_they_are_the_last_columns_and_have_meanings() -> None:
    assert table_head(MODEL)[-6:] == list(QUALITY_COLUMNS) == NAMES
    learned = AppliedModel(("happy", "sad"), valence_arousal=True)
    assert table_head(learned)[-8:-6] == ["valence", "arousal"]
    meanings = column_meanings(learned, 1.0, "Frame.", "Time.")
    assert list(meanings) == table_head(learned)
    assert "from temple to temple, in pixels of the source" in meanings["face_px"]
    assert all(f"{kind}: " in meanings["doubts"] for kind in QualityKind)
    assert DOUBTS.keys() == set(QualityKind)


def test_the_values_of_a_good_face() -> None:
    assert list(cells(GOOD).values()) == ["0.937", "120.0", "1.050", "98.6", "7.2", ""]


def test_what_was_not_measured_is_empty() -> None:
    followed = FaceMeasures(120.0, 1.05, 98.6, 7.25, 0.0)
    assert cells(followed)["detection_score"] == ""
    assert list(cells(None).values()) == [""] * 6


@pytest.mark.parametrize(
    ("measures", "doubts"),
    [
        (FaceMeasures(13.0, 0.1, 98.6, 7.0, 0.0), "small"),  # not blurred, too: one cause
        (FaceMeasures(120.0, 0.1, 98.6, 7.0, 0.0), "blurred"),
        (FaceMeasures(120.0, 1.0, 9.0, 50.0, 0.0), "turned;dark"),
        (FaceMeasures(120.0, 1.0, 98.6, 7.0, 0.25), "cut_off"),
    ],
)
def test_doubts_are_those_of_the_live_view(measures: FaceMeasures, doubts: str) -> None:
    assert cells(measures)["doubts"] == doubts
    assert doubts.split(";") == [issue.kind for issue in quality_issues(measures)]


def test_unsure_is_about_the_probabilities_in_the_row() -> None:
    """The smoothed ones are not written."""
    assert cells(GOOD, happy=0.49)["doubts"] == ""  # the other has 0.51
    three = AppliedModel(("happy", "sad", "angry"))
    face = Face(
        0,
        (0.0, 0.0, 9.0, 9.0),
        None,
        None,
        np.full(25, np.nan, np.float32),
        (),
        (Prediction(three, np.array([0.4, 0.3, 0.3], np.float32), np.array([0.9, 0.1, 0.0])),),
        GOOD,
    )
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, 0.0)
    (row,) = table_rows(Analysis(frame, (face,), frame.image, (three,)))
    assert row[-1] == "unsure"


def test_a_frame_without_a_face_has_a_cell_for_each_column() -> None:
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 4, 0.5, 0.0)
    (row,) = table_rows(Analysis(frame, (), frame.image, (MODEL,)))
    assert row == ["4", "0.500"] + [""] * (len(table_head(MODEL)) - 2)


def test_measures_follow_from_crop_and_landmarks() -> None:
    points = np.zeros((68, 2), np.float32)
    points[:, 0] = np.linspace(-10, 57, 68)
    points[0], points[16] = (10, 5), (40, 45)  # 50 px apart
    measured = measure_face(np.full((48, 48), 77, np.uint8), points, (200, 100), 0.5)
    assert measured.face_px == pytest.approx(50)
    assert measured.brightness == pytest.approx(77)
    assert measured.sharpness == 0
    assert measured.outside == pytest.approx((points[:, 0] < -0.5).mean())
    assert measured.detection_score == 0.5
