"""Examples of the user's own face: only with consent, in whole takes, some of them held out."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.personal import examples as module
from ferapp.personal.examples import (
    ExampleCount,
    ExamplesError,
    ExampleStore,
    personal_folder,
    split_of,
)
from ferapp.personal.face_crops import face_crop_pngs, prepare_examples
from ferapp.personal.take_session import SHOTS, FrameShot, TakePhase, TakeSession, next_prompt
from ferapp.sources.base import Frame
from ferapp.sources.recorded import RecordedResults
from ferapp.vision.classifier import Classifier
from ferapp.vision.types import Analysis
from tests.support.app.recording_parts import shot
from trainer.data.crops import align_all
from trainer.data.face_data import load
from trainer.faces.align import align_face
from trainer.labels import EXPRESSIONS


def pictures(value: int, count: int = 3) -> list[bytes]:
    """PNG files of 48 px with greys of their own."""
    made = [np.full((48, 48), value + number, np.uint8) for number in range(count)]
    return [cv2.imencode(".png", picture)[1].tobytes() for picture in made]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def store(tmp_path: Path) -> ExampleStore:
    made = ExampleStore(tmp_path / "data" / "personal")
    made.consent()
    return made


class TestStore:
    def test_nothing_is_written_without_consent(self, tmp_path: Path) -> None:
        store = ExampleStore(tmp_path / "personal")
        with pytest.raises(ExamplesError, match="without consent"):
            store.add("happy", pictures(10))
        assert list(tmp_path.iterdir()) == []
        assert not store.has_consent

    def test_by_default_it_is_in_the_users_data_folder(self, tmp_path: Path) -> None:
        assert personal_folder().is_relative_to(tmp_path)  # where the tests' user has it
        assert ExampleStore().root == personal_folder()

    def test_only_the_owner_can_read_it(self, store: ExampleStore) -> None:
        store.add("happy", pictures(10))
        store.add("sad", pictures(20))
        for path in (store.root, *store.root.rglob("*")):
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path

    def test_each_second_take_of_three_is_held_out(self, store: ExampleStore) -> None:
        assert [split_of(take) for take in range(1, 7)] == [
            "train", "val", "train", "train", "val", "train"
        ]  # fmt: skip
        for value in (10, 20, 30):
            store.add("happy", pictures(value))
        assert store.counts()["happy"] == ExampleCount(train=6, val=3, takes=3)
        assert store.counts()["sad"] == ExampleCount()

    def test_the_trainer_reads_the_pictures_unchanged(self, store: ExampleStore) -> None:
        for value, name in ((10, "happy"), (20, "happy"), (60, "sad"), (70, "sad")):
            store.add(name, pictures(value))
        prepare_examples(store.pictures, store.prepared)
        data = load(store.prepared)
        found = {
            (str(data.split[row]), data.classes[data.label[row]], int(data.images[row][0, 0]))
            for row in range(len(data))
        }
        assert found == {
            *(("train", "happy", 10 + k) for k in range(3)),
            *(("val", "happy", 20 + k) for k in range(3)),
            *(("train", "sad", 60 + k) for k in range(3)),
            *(("val", "sad", 70 + k) for k in range(3)),
        }
        store.add("sad", pictures(90))
        prepare_examples(store.pictures, store.prepared)  # in place of the older one
        assert len(load(store.prepared)) == 15

    def test_undo_deletes_the_last_take(self, store: ExampleStore) -> None:
        for value in (10, 20):
            store.add("happy", pictures(value))
        assert store.undo("happy") == ExampleCount(train=3, val=0, takes=1)
        assert store.add("happy", pictures(30)) == ExampleCount(train=3, val=3, takes=2)
        assert store.undo("fear") == ExampleCount()  # nothing to take back

    def test_it_says_what_training_still_needs(self, store: ExampleStore) -> None:
        for _ in range(2):
            store.add("happy", pictures(10))
        store.add("sad", pictures(60))
        assert "two expressions twice each" in store.missing()
        store.add("sad", pictures(70))
        assert store.missing() == ""

    def test_examples_survive_a_restart(self, store: ExampleStore) -> None:
        store.add("happy", pictures(10))
        again = ExampleStore(store.root)
        assert again.has_consent
        assert again.counts() == store.counts()

    def test_a_full_disk_leaves_no_partial_take(
        self, store: ExampleStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.add("happy", pictures(10))
        kept, whole, calls = files(store.root), module._write, []

        def full(file: Path, content: bytes) -> None:
            calls.append(file)
            if len(calls) == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            whole(file, content)

        monkeypatch.setattr(module, "_write", full)
        with pytest.raises(ExamplesError, match="No space left on device") as caught:
            store.add("happy", pictures(20))
        assert "Free some space" in str(caught.value.hint)
        assert files(store.root) == kept

    def test_a_real_full_disk_is_reported(
        self, store: ExampleStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("needs /dev/full")

        def full(file: Path, content: bytes) -> None:
            file.symlink_to("/dev/full")
            file.write_bytes(content)

        monkeypatch.setattr(module, "_write", full)
        with pytest.raises(ExamplesError, match="No space left on device"):
            store.add("happy", pictures(20))
        assert store.counts()["happy"] == ExampleCount()


def seen(number: int, at: float, source: str = "camera:One", faces: int = 1) -> Analysis:
    return shot(number, at=at, source=source, faces=faces)


def same_face(number: int, at: float) -> Analysis:
    analysis = seen(number, at)
    return replace(analysis, faces=(replace(analysis.faces[0], face_id=5),))


class TestTake:
    def test_it_counts_down_and_takes_pictures_apart(self) -> None:
        take, states = TakeSession(), []
        for step in range(60):
            states.append(take.add(same_face(step, 100 + step / 10)))
        counted = [s.seconds for s in states if s.phase is TakePhase.COUNTDOWN]
        assert counted == sorted(counted, reverse=True)
        assert set(counted) == {3, 2, 1}
        assert states[-1].phase is TakePhase.DONE
        assert len(take.shots) == SHOTS
        greys = [int(each.image[0, 0, 0]) for each in take.shots]
        assert len(set(greys)) == SHOTS  # none twice

    def test_without_a_face_it_waits_and_begins_anew(self) -> None:
        take = TakeSession()
        take.add(same_face(0, 100))
        assert take.add(same_face(1, 102.5)).seconds == 1
        state = take.add(seen(2, 103, faces=0))
        assert state.phase is TakePhase.WAITING
        assert "No face in the picture" in state.reason
        assert take.add(same_face(3, 110)).seconds == 3

    def test_a_face_that_goes_while_pictures_are_taken_leaves_none(self) -> None:
        take = TakeSession()
        take.add(same_face(0, 100))
        assert take.add(same_face(1, 103.1)).phase is TakePhase.RECORDING
        take.add(seen(2, 103.2, faces=0))
        assert take.shots == ()

    def test_another_face_begins_anew(self) -> None:
        take = TakeSession()
        take.add(same_face(0, 100))
        take.add(same_face(1, 103.1))
        state = take.add(seen(2, 103.4))  # its id is 2
        assert (state.phase, state.seconds, take.shots) == (TakePhase.COUNTDOWN, 3, ())

    def test_neither_a_stand_in_nor_a_recording_is_ones_face(self) -> None:
        state = TakeSession().add(seen(0, 100, source=""))
        assert state.phase is TakePhase.WAITING
        assert "until your camera does" in state.reason
        frame = Frame(
            np.zeros((8, 8, 3), np.uint8), 0, 0.0, 100.0, recorded=RecordedResults(), source="/r"
        )
        state = TakeSession().add(replace(seen(0, 100), frame=frame))
        assert "Stored results play" in state.reason

    def test_prompts_go_round_by_round(self) -> None:
        counts = {name: ExampleCount() for name in EXPRESSIONS}
        wanted = frozenset({"happy", "sad"})
        asked = []
        while (name := next_prompt(counts, wanted)) is not None:
            asked.append(name)
            counts[name] = ExampleCount(takes=counts[name].takes + 1)
        assert asked == ["happy", "sad", "happy", "sad", "happy", "sad"]


def test_the_picture_is_the_crop_that_the_model_is_fed(
    demo_frame: np.ndarray, tmp_path: Path
) -> None:
    from trainer.faces.landmarker import FaceLandmarker

    landmarker = FaceLandmarker()
    (face,) = landmarker(cv2.cvtColor(demo_frame, cv2.COLOR_BGR2RGB))
    landmarker.close()
    (content,) = face_crop_pngs([FrameShot(demo_frame, face.landmarks)])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    classifier = Classifier("default", "cpu")
    side = classifier.crop_size
    assert picture.shape == (side, side)  # grey, and nothing around the face
    shown = align_face(demo_frame, face.landmarks, side).crop
    np.testing.assert_array_equal(picture, shown)
    # what learns from it is given these very pixels
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "1.png").write_bytes(content)
    prepare_examples(tmp_path, tmp_path / "out")
    learned = align_all(load(tmp_path / "out"), classifier.card.preprocessing).pixels
    np.testing.assert_array_equal(learned[0].numpy(), shown)
