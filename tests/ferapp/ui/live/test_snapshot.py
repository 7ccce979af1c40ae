"""A snapshot: its two files, failures to write them, and the messages in the window."""

import hashlib
import json
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from ferapp.live.status import LiveStatus, SourceStatus
from ferapp.overlays.anonymise import MASK
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.overlays.render_overlays import render_overlays
from ferapp.ui.live import snapshot
from ferapp.ui.live.snapshot import Cover, Snapshots, write_snapshot
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.hidden_areas import hide_parts
from ferapp.vision.types import Analysis, QualityIssue, QualityKind
from tests.support.ui.fake_engine import (
    SIZE,
    FakeEngine,
    analysis,
    face,
    probabilities,
    with_prediction,
)
from trainer.labels import EXPRESSIONS

pytestmark = pytest.mark.usefixtures("qapp")

WHEN = datetime(2026, 11, 22, 18, 45, 2, 123_456, timezone(timedelta(hours=1)))
STATUS = FakeEngine().now
BARE = OverlayStyle(boxes=False, landmarks=False, attribution=False)


def explained() -> Analysis:
    hot = np.zeros((SIZE, SIZE), np.float32)
    hot[20, 20] = 1
    issue = QualityIssue(QualityKind.SMALL, np.float32(31.0), 48)
    first = replace(face(attribution=hot), quality=(issue,), face_id=3)
    first = with_prediction(first, unmasked=probabilities("sad", 0.5))
    return analysis(first, face(centre=(40, 40), half=20, name="sad", face_id=1), index=7)


def read(picture: Path) -> dict[str, Any]:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    text = picture.with_suffix(".json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return value


def with_file(model: Path) -> LiveStatus:
    return replace(STATUS, model=replace(STATUS.model, file=model))


def shot(
    folder: Path,
    shown: Analysis | None = None,
    status: LiveStatus = STATUS,
    style: OverlayStyle | None = None,
    options: AnalysisOptions | None = None,
) -> Path:
    return write_snapshot(
        shown or explained(),
        status,
        style or OverlayStyle(),
        options or AnalysisOptions(),
        folder,
        WHEN,
    )


def test_the_picture_is_the_frame_with_overlays(tmp_path: Path) -> None:
    shown = explained()
    picture = shot(tmp_path / "new" / "folder", shown)
    assert picture.name == "ferapp-2026-11-22-184502-123.png"
    saved = QImage(str(picture)).convertToFormat(QImage.Format.Format_RGB32)
    assert saved == render_overlays(shown, OverlayStyle())


def test_the_json_has_all_results(tmp_path: Path) -> None:
    shown = explained()
    model = tmp_path / "own.safetensors"
    model.write_bytes(b"weights")
    status = with_file(model)
    data = read(
        shot(tmp_path, shown, status, options=AnalysisOptions(hidden=hide_parts({"nose", "eyes"})))
    )
    assert data["format"] == 1
    assert data["app"].startswith("ferapp ")
    assert datetime.fromisoformat(data["when"]) == WHEN.replace(microsecond=123_000)
    assert data["picture"] == "ferapp-2026-11-22-184502-123.png"
    assert data["source"] == "Demo clip"
    assert data["frame"] == {
        "index": 7,
        "time_s": 7 / 30,
        "at_s": None,
        "file": "",
        "width": 320,
        "height": 240,
    }
    assert data["model"]["name"] == "default"
    assert data["model"]["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert data["model"]["temperature"] == 1.0
    assert data["model"]["classes"] == list(EXPRESSIONS)
    assert data["device"] == "cpu"
    assert data["hidden"] == ["eyes", "nose"]
    assert data["smoothing_s"] == 0.3
    assert data["look"]["opacity"] == OverlayStyle().opacity

    first, second = data["faces"]
    face_ = shown.faces[0]
    assert face_.crop is not None
    assert (first["id"], second["id"]) == (3, 1)
    assert first["box"] == [110, 70, 100, 100]
    np.testing.assert_array_equal(np.array(first["landmarks"], np.float32), face_.landmarks)
    np.testing.assert_array_equal(np.array(first["to_crop"], np.float32), face_.crop.from_frame)
    for name in ("probabilities", "smoothed", "whole"):
        values = np.array([first[name][expression] for expression in EXPRESSIONS], np.float32)
        field = "unmasked" if name == "whole" else name
        np.testing.assert_array_equal(values, getattr(face_.prediction, field))
    assert first["probabilities"] != first["smoothed"]
    assert first["doubts"] == [{"kind": "small", "value": 31.0, "limit": 48.0}]
    assert first["explained"] == "happy"
    assert (second["whole"], second["explained"], second["doubts"]) == (None, None, [])


def test_a_snapshot_is_never_mirrored(tmp_path: Path) -> None:
    true, mirrored = (shot(tmp_path, style=OverlayStyle(mirror=on)) for on in (False, True))
    assert QImage(str(true)) == QImage(str(mirrored))
    assert read(true)["faces"] == read(mirrored)["faces"]
    assert read(mirrored)["look"]["mirror"] is True


def test_the_password_of_an_address_is_not_written(tmp_path: Path) -> None:
    status = replace(
        STATUS, source=SourceStatus(name="http://me:secret@cam.local:81/live?key=hidden")
    )
    picture = shot(tmp_path, status=status)
    text = picture.with_suffix(".json").read_text()
    assert "secret" not in text
    assert "hidden=" not in text
    assert read(picture)["source"] == "http://cam.local:81/live"


def test_without_a_model_there_are_landmarks_only(tmp_path: Path) -> None:
    none = LiveStatus(SourceStatus(name="Demo clip"))
    data = read(shot(tmp_path, analysis(face(), model=False), none))
    assert data["model"] is None
    (only,) = data["faces"]
    assert only["probabilities"] is only["smoothed"] is only["explained"] is None
    assert len(only["landmarks"]) == 68


def test_nan_and_infinity_are_null(tmp_path: Path) -> None:
    broken = probabilities("sad", 0.5)
    broken[0], broken[1] = np.nan, np.inf
    data = read(shot(tmp_path, analysis(with_prediction(face(), probabilities=broken))))
    values = data["faces"][0]["probabilities"]
    assert values["angry"] is values["disgust"] is None
    assert values["sad"] == 0.5


def test_a_model_whose_file_was_deleted_has_no_hash(tmp_path: Path) -> None:
    status = with_file(tmp_path / "gone.safetensors")
    assert read(shot(tmp_path, status=status))["model"]["sha256"] is None


def test_no_snapshot_is_overwritten(tmp_path: Path) -> None:
    first = shot(tmp_path, analysis(face()))
    content = first.read_bytes()
    second, third = (shot(tmp_path, analysis(index=1)) for _ in range(2))
    assert first.read_bytes() == content
    assert len({first, second, third}) == 3
    assert len(list(tmp_path.glob("ferapp-*"))) == 6


@pytest.mark.parametrize("kind", ["picture", "data"])
def test_a_full_disk_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    synced: list[int] = []
    real = os.fsync

    def full(number: int) -> None:
        synced.append(number)
        if len(synced) == (1 if kind == "picture" else 2):
            raise OSError(28, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        shot(tmp_path)
    assert len(synced) == (1 if kind == "picture" else 2)
    assert list(tmp_path.iterdir()) == []


class TestSnapshots:
    """In the window: written off the GUI thread, with a message."""

    def test_a_snapshot_is_written_and_reported(
        self, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: list[threading.Thread] = []
        real = snapshot.render_overlays

        def watched(shown: Analysis, style: OverlayStyle) -> QImage:
            threads.append(threading.current_thread())
            return real(shown, style)

        monkeypatch.setattr(snapshot, "render_overlays", watched)
        parent = QObject()
        snapshots = Snapshots(parent, lambda: tmp_path / "ferapp")
        with qtbot.waitSignal(snapshots.done) as done:
            snapshots.save(explained(), STATUS, OverlayStyle(), AnalysisOptions())
        message, path = done.args
        picture = Path(path)
        assert message == f"Saved …/ferapp/{picture.name}"
        assert read(picture)["faces"][0]["id"] == 3
        taken = datetime.fromisoformat(read(picture)["when"])
        assert abs(datetime.now(UTC) - taken) < timedelta(minutes=1)
        assert threads[0] is not threading.main_thread()

    def test_several_at_once_are_all_written(self, tmp_path: Path) -> None:
        parent = QObject()
        snapshots = Snapshots(parent, lambda: tmp_path)
        paths: list[str] = []
        snapshots.done.connect(lambda _, path: paths.append(path))
        for _ in range(3):
            snapshots.save(explained(), STATUS, OverlayStyle(), AnalysisOptions())
        snapshots.finish()  # as when the window closes
        assert len(set(paths)) == 3
        assert sorted(tmp_path.glob("*.png")) == sorted(Path(path) for path in paths)

    def test_an_impossible_folder_is_reported(self, qtbot: QtBot, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        parent = QObject()
        snapshots = Snapshots(parent, lambda: tmp_path / "file" / "ferapp")
        with qtbot.waitSignal(snapshots.done) as done:
            snapshots.save(explained(), STATUS, OverlayStyle(), AnalysisOptions())
        message, path = done.args
        assert path == ""
        assert str(tmp_path / "file" / "ferapp") in message
        assert "Not a directory" in message or "exists" in message

    def test_before_the_first_picture(self, qtbot: QtBot, tmp_path: Path) -> None:
        parent = QObject()
        snapshots = Snapshots(parent, lambda: tmp_path)
        with qtbot.waitSignal(snapshots.done) as done:
            snapshots.save(None, STATUS, OverlayStyle(), AnalysisOptions())
        assert done.args == ["There is no picture to save yet.", ""]
        assert list(tmp_path.iterdir()) == []


def test_an_anonymised_snapshot_shows_no_face_and_keeps_all_numbers(tmp_path: Path) -> None:
    """Also what was hidden from the model is not painted from the face's own pixels."""
    shown = explained()
    (plain, covered), expected = (tmp_path / name for name in ("plain", "covered")), list(MASK)
    first = shot(plain, shown)
    second = write_snapshot(
        shown, STATUS, BARE, AnalysisOptions(), covered, WHEN, cover=Cover("mask")
    )
    before, after = read(first), read(second)
    assert (before.pop("anonymised"), after.pop("anonymised")) == (None, "mask")
    assert after["faces"] == before["faces"]
    pixels = QImage(str(second)).convertToFormat(QImage.Format.Format_RGB32)
    for one in shown.faces:
        assert one.landmarks is not None
        x, y = one.landmarks.mean(axis=0).round().astype(int).tolist()
        colour = pixels.pixelColor(x, y)
        assert [colour.blue(), colour.green(), colour.red()] == expected
