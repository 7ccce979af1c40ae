"""Landmarks and maps of recorded faces: as they were, small, and readable as far as they go."""

import gzip
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.live.status import RecordingPlan
from ferapp.recording.face_details import FaceDetailsReader, compress, face_dtype, pack_faces
from ferapp.recording.replay import SessionSource
from ferapp.recording.session import DETAILS, FRAMES, with_recorded_results
from ferapp.vision.face_regions import REGIONS
from ferapp.vision.types import Analysis, Attribution, Crop
from tests.support.app.recording_parts import loaded, recording, rows, shot
from tests.support.ui.fake_engine import SIZE, similarity, with_maps
from tests.support.ui.picture import landmarks

SAD, HAPPY = 4, 3


def with_landmarks(analysis: Analysis, seed: int) -> Analysis:
    """The faces with landmarks in their boxes, and maps of the classes SAD and HAPPY."""
    made = []
    for number, face in enumerate(analysis.faces):
        x, y, width, height = face.box
        points = landmarks() * 0.4 * min(width, height) + (x + width / 2, y + height / 2)
        maps = np.random.default_rng(seed + number).normal(size=(2, SIZE, SIZE))
        crop = Crop(
            np.zeros((SIZE, SIZE), np.uint8),
            similarity(0, SIZE / width, (x + width / 2, y + height / 2)),
        )
        own = replace(face, landmarks=points.astype(np.float32), crop=crop)
        made.append(with_maps(own, maps.astype(np.float32), (SAD, HAPPY)))
    return replace(analysis, faces=tuple(made))


def attribution(analysis: Analysis, face: int = 0) -> Attribution:
    prediction = analysis.faces[face].prediction
    assert prediction is not None
    assert prediction.attribution is not None
    return prediction.attribution


def read_back(packed: bytes, file: Path, place: int = 0) -> int:
    """The number of faces that are read at `place`."""
    file.write_bytes(packed)
    reader = FaceDetailsReader(file)
    found = reader.read(place)
    reader.close()
    return len(found)


@pytest.fixture
def analysis() -> Analysis:
    return with_landmarks(shot(0, faces=2, size=(1280, 720)), 1)


def test_landmarks_and_the_displayed_map_come_back(analysis: Analysis, tmp_path: Path) -> None:
    packed = pack_faces(analysis, "happy")
    assert packed is not None
    (tmp_path / "d").write_bytes(b"before" + compress(packed) + b"behind")
    reader = FaceDetailsReader(tmp_path / "d")
    found = reader.read(len(b"before"))
    reader.close()
    assert len(found) == 2
    for index, details in enumerate(found):
        face, own = analysis.faces[index], attribution(analysis, index)
        assert face.landmarks is not None
        np.testing.assert_allclose(details.landmarks, face.landmarks, atol=0.05)  # px
        assert details.map is not None
        assert (details.map.target, details.map.method) == (HAPPY, "grad_x_input")
        peak = np.abs(own.maps[1]).max()
        np.testing.assert_allclose(details.map.values, own.maps[1], atol=0.51 * peak / 127)
        np.testing.assert_array_equal(details.map.from_frame, own.from_frame)


def test_a_face_takes_less_than_three_kilobytes(analysis: Analysis) -> None:
    """Of noise, which compresses worst; an hour of one face at 30 a second takes 320 MB at most."""
    packed = pack_faces(analysis, "happy")
    assert packed is not None
    assert len(compress(packed)) < 2 * 3000


def test_without_landmarks_nothing_is_stored(analysis: Analysis) -> None:
    bare = tuple(replace(face, landmarks=None) for face in analysis.faces)
    assert pack_faces(replace(analysis, faces=bare), "predicted") is None


@pytest.mark.parametrize(
    "damage", ["cut", "not gzip", "pickle", "huge", "other fields", "not a number"]
)
def test_damage_is_left_out(analysis: Analysis, tmp_path: Path, damage: str) -> None:
    packed = pack_faces(analysis, "happy")
    assert packed is not None
    content = compress(packed)
    if damage == "cut":
        content = content[:-200]
    elif damage == "not gzip":
        content = content[3:]
    else:
        stream = io.BytesIO()
        if damage == "pickle":
            np.save(stream, np.array([{"a": 1}], object), allow_pickle=True)
        elif damage == "huge":
            header = {"descr": face_dtype(8).descr, "fortran_order": False, "shape": (1 << 40,)}
            np.lib.format.write_array_header_1_0(stream, header)
        elif damage == "other fields":
            np.save(stream, np.zeros(2, [("map", "i1", (8, 8))]))
        else:
            packed["landmarks"][0, 0] = np.nan
            np.save(stream, packed)
        content = gzip.compress(stream.getvalue())
    assert read_back(compress(packed), tmp_path / "whole") == (0 if damage == "not a number" else 2)
    assert read_back(content, tmp_path / "damaged") == 0
    assert read_back(content, tmp_path / "damaged", 1 << 30) == 0


class TestReplay:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        with recording(RecordingPlan(tmp_path, target=lambda: "sad")) as running:
            for number in range(4):
                one = shot(number, faces=number % 3, at=running.began + 0.1 * number)
                running.add(with_landmarks(one, number), loaded())
        return running.status.folder

    def replayed(self, folder: Path) -> list[Analysis]:
        source = SessionSource(folder)
        frames = list(iter(source.read, None))
        source.close()
        picture = np.zeros((48, 64, 4), np.uint8)
        return [with_recorded_results(Analysis(f, (), picture)) for f in frames if f is not None]

    def test_a_replay_is_the_full_view(self, folder: Path) -> None:
        found = self.replayed(folder)
        assert [len(analysis.faces) for analysis in found] == [0, 1, 2, 0]
        for number, analysis in enumerate(found):
            original = with_landmarks(shot(number, faces=number % 3), number)
            for index, face in enumerate(analysis.faces):
                expected = original.faces[index].landmarks
                assert face.landmarks is not None
                assert expected is not None
                np.testing.assert_allclose(face.landmarks, expected, atol=0.05)
                own, before = attribution(analysis, index), attribution(original, index)
                assert own.targets == (SAD,)
                np.testing.assert_allclose(own.maps[0], before.maps[0], atol=0.05)
                assert REGIONS.index("mouth") in own.regions
        source = SessionSource(folder)
        assert source.recorded is not None
        assert source.recorded.has_details
        source.close()

    def test_a_crash_loses_only_what_was_not_written(self, folder: Path) -> None:
        file = folder / DETAILS
        file.write_bytes(file.read_bytes()[:-100])  # of the second of two frames with faces
        found = self.replayed(folder)
        assert [len(analysis.faces) for analysis in found] == [0, 1, 2, 0]
        has_landmarks = [f.landmarks is not None for a in found for f in a.faces]
        assert has_landmarks == [True, False, False]

    def test_an_old_recording_still_opens(self, folder: Path) -> None:
        """Its frames.csv has no such column, and there is no such file."""
        (folder / DETAILS).unlink()
        lines = rows(folder / FRAMES)
        head = ("frame", "time_s", "video_frame", "analysed")
        table = [",".join(head), *(",".join(line[name] for name in head) for line in lines)]
        (folder / FRAMES).write_text("\n".join(table) + "\n")
        found = self.replayed(folder)
        assert [len(analysis.faces) for analysis in found] == [0, 1, 2, 0]
        assert all(face.landmarks is None for analysis in found for face in analysis.faces)
        source = SessionSource(folder)
        assert source.recorded is not None
        assert not source.recorded.has_details
        source.close()
