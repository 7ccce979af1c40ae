"""What can be shown of a row or file that could not be read."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.runs.checks.bad_sample import read_bad_sample
from ferapp.runs.checks.data_check import DataChoice, check_data
from trainer.data import landmark_detection
from trainer.data.face_data import FaceData
from trainer.errors import DataError

GRADIENT = np.arange(48 * 48, dtype=np.int64) % 251


def write_table(path: Path, bad: dict[int, str]) -> Path:
    """FER2013's form: 150 rows for training and 50 for validation; `bad` are rows in place."""
    usages = ["Training"] * 150 + ["PublicTest"] * 50
    pixels = " ".join(map(str, GRADIENT.tolist()))
    rows = [f"{k % 7},{pixels},{usage}" for k, usage in enumerate(usages)]
    for number, row in bad.items():
        rows[number] = row
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return path


def no_faces(
    data: FaceData, starts: list[int], workers: int, report: Callable[[int], None]
) -> Iterator[tuple[int, np.ndarray]]:
    """In place of minutes of detection."""
    for start in starts:
        report(start)
        yield start, np.full((len(data), 68, 2), np.nan, np.float32)


def test_a_row_of_a_table_shows_its_cells_and_its_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = " ".join(map(str, GRADIENT.tolist()))
    table = write_table(tmp_path / "faces.csv", {3: f"9,{pixels},Training", 5: "1,1 2 3,Training"})
    monkeypatch.setattr(landmark_detection, "_detect_chunks", no_faces)
    check = check_data(DataChoice(str(table)))
    assert [reason.split(" has ")[0] for reason in check.skipped] == ["row 3", "row 5"]
    wrong_label, short = (read_bad_sample(table, reason) for reason in check.skipped)
    assert "emotion: 9" in wrong_label.content
    assert wrong_label.picture is not None
    np.testing.assert_array_equal(wrong_label.picture.ravel(), GRADIENT)
    assert short.content == "emotion: 1\npixels: 1 2 3\nUsage: Training"
    assert short.picture is not None
    assert short.picture.tolist() == [[1, 2]]


def test_a_damaged_file_shows_as_much_as_can_be_decoded(tmp_path: Path) -> None:
    folder = tmp_path / "happy"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (64, 48), np.uint8)
    content = cv2.imencode(".jpg", noise)[1].tobytes()
    (folder / "cut off.jpg").write_bytes(content[: len(content) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_bytes(b"no picture")
    cut = read_bad_sample(tmp_path, "happy/cut off.jpg is truncated")
    assert cut.picture is not None
    assert cut.picture.shape == (64, 48)
    error = np.abs(cut.picture[:8].astype(int) - noise[:8])
    assert error.mean() < 12  # the upper part is there
    assert cut.file == folder / "cut off.jpg"
    assert read_bad_sample(tmp_path, "happy/empty.png is empty").content == "The file is empty."
    text = read_bad_sample(tmp_path, "happy/text.png is no picture")
    assert (text.picture, text.content) == (None, "10 bytes. Nothing of it can be decoded.")


@pytest.mark.parametrize("reason", ["gone.jpg is missing", "../secret.txt is missing"])
def test_a_missing_file_or_one_outside_is_refused(tmp_path: Path, reason: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(DataError, match="no such file"):
        read_bad_sample(tmp_path / "data", reason)
