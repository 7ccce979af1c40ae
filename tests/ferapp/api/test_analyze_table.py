"""`ferapp.analyze`: the table of the command, in memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import ferapp
from ferapp.studies import single_source
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.single_source import analyze_source
from tests.support.app.analyze_parts import HEADER, QUALITY, ScriptedStream, raises
from trainer.errors import UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_frame: np.ndarray) -> Path:
    """A face, and a picture without one."""
    pictures = tmp_path_factory.mktemp("pictures")
    Image.fromarray(demo_frame[..., ::-1].copy()).save(pictures / "face 1.png")
    Image.fromarray(np.full((90, 90, 3), 99, np.uint8)).save(pictures / "nobody 2.png")
    return pictures


def test_it_is_the_csv_of_the_command(folder: Path, tmp_path: Path) -> None:
    table = ferapp.analyze(folder, model="compact", device="cpu", prior="balanced")
    file = tmp_path / "faces.csv"
    analyze_source(str(folder), file, AnalysisSettings("compact", "cpu", "balanced"))
    read = pd.read_csv(file, dtype={"doubts": str}).fillna({"doubts": ""})
    pd.testing.assert_frame_equal(table, read)
    assert table["file"].tolist() == ["face 1.png", "nobody 2.png"]
    assert table["face_id"].isna().tolist() == [False, True]
    assert table["au12"].isna().tolist() == [False, True]
    assert table.attrs["prior"] == "balanced"
    assert table.attrs["notes"] == ["1 picture is of nearly one grey level: nobody 2.png"]
    assert list(table.attrs["columns"]) == list(table.columns)
    assert "temple to temple" in table.attrs["columns"]["face_px"]


def test_every_nth_frame_of_a_clip() -> None:
    table = ferapp.analyze("demo", device="cpu", every=20, max_frames=3, faces=1)
    assert list(table.columns) == (HEADER + QUALITY).split(",")
    assert table["frame"].tolist() == [0, 20, 40]
    assert table["time_s"].is_monotonic_increasing
    assert table["face_id"].tolist() == [0, 0, 0]


def test_an_interrupt_ends_a_stream_and_gives_its_table(
    demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = ScriptedStream(demo_frame, [0.0, 0.5], raises(KeyboardInterrupt()))
    monkeypatch.setattr(single_source, "open_source", lambda *_: stream)
    table = ferapp.analyze("http://127.0.0.1/x", device="cpu")
    assert table["time_s"].tolist() == [0.0, 0.5]


def test_an_interrupt_of_a_file_is_one(
    demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script does not go on with half a table; nothing to resume is left, and none is promised"""
    film = ScriptedStream(demo_frame, [0.0, 0.5], raises(KeyboardInterrupt()))
    film.kind = "video"
    monkeypatch.setattr(single_source, "open_source", lambda *_: film)
    with pytest.raises(KeyboardInterrupt):
        ferapp.analyze("film.mp4", device="cpu")
    assert "--resume" not in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [{"faces": 65}, {"every": 0}, {"max_frames": -1}, {"every": 1.5}])
def test_wrong_numbers_are_refused(wrong: dict[str, object]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(UsageError, match=f"{name}={value}: {name} is a whole number from"):
        ferapp.analyze("demo", **wrong)
