"""`ferapp.load`: pictures of every kind in, faces out, explained and drawn."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import ferapp
from ferapp.api.face_analyzer import BATCH_FACES
from ferapp.sources.base import SourceError
from ferapp.sources.video import VideoFile
from ferapp.vision.overlay_methods import ACTION_UNITS
from trainer.attribution import available_methods
from trainer.attribution_methods import METHODS
from trainer.errors import ModelFileError, UsageError
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model
from trainer.models.model_file import load_model


@pytest.fixture(scope="module")
def fer() -> Iterator[ferapp.FaceAnalyzer]:
    with ferapp.load("default", device="cpu") as analyzer:
        yield analyzer


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """RGB, of a laughing woman."""
    clip = VideoFile(asset("demo/demo.mp4"))
    clip.seek(16.0)
    frame = clip.read()
    clip.close()
    assert frame is not None
    return np.ascontiguousarray(frame.image[..., ::-1])


@pytest.fixture(scope="module")
def two(picture: np.ndarray) -> np.ndarray:
    """The woman, and to her left herself at half the size."""
    both = np.full((360, 960, 3), 60, np.uint8)
    both[:, 320:] = picture
    both[90:270, :320] = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    return both


@pytest.fixture(scope="module")
def face(fer: ferapp.FaceAnalyzer, picture: np.ndarray) -> ferapp.Face:
    (found,) = fer(picture)
    return found


def test_a_face_says_what_a_person_sees(face: ferapp.Face) -> None:
    assert face.label == "happy"
    assert list(face.probabilities) == list(EXPRESSIONS)
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert face.confidence == max(face.probabilities.values()) == face.probabilities["happy"]
    x, y, width, height = face.box
    assert (face.landmarks.shape, face.landmarks.dtype) == ((68, 2), np.float32)
    assert (face.landmarks > (x - 1, y - 1)).all()
    assert (face.landmarks < (x + width + 1, y + height + 1)).all()
    assert face.landmarks[8, 1] > face.landmarks[27, 1]  # the chin is below the nose
    assert max(map(abs, face.pose)) < 30
    assert face.action_units["au12"] > 0.5  # she smiles
    assert face.quality.face_px == pytest.approx(width, rel=0.2)
    assert "unsure" not in face.quality.doubts or face.confidence < 0.5
    assert repr(face).startswith(f"<Face happy {face.confidence:.0%}")


def test_pictures_of_every_kind_give_the_same_face(
    fer: ferapp.FaceAnalyzer, face: ferapp.Face, picture: np.ndarray, tmp_path: Path
) -> None:
    file = tmp_path / "face.png"
    Image.fromarray(picture).save(file)
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(picture)))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter, clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    kinds = [file, str(file), Image.open(file), picture[:, ::-1][:, ::-1]]
    kinds += [Image.open(tmp_path / "turned.png"), tmp_path / "turned.png"]
    for found in fer(kinds):
        (same,) = found
        assert same.box == face.box
        assert same.probabilities == pytest.approx(face.probabilities, abs=1e-4)
    (grey,) = fer(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    assert grey.label == "happy"
    assert grey.box == pytest.approx(face.box, abs=6)


def test_the_values_are_those_of_a_table(
    face: ferapp.Face, picture: np.ndarray, tmp_path: Path
) -> None:
    Image.fromarray(picture).save(tmp_path / "face.png")
    (row,) = ferapp.analyze(tmp_path / "face.png", device="cpu").to_dict("records")
    for name, value in face.probabilities.items():
        assert row[f"p_{name}"] == pytest.approx(value, abs=1e-4)
    assert [row[f"box_{side}"] for side in "xywh"] == pytest.approx(face.box, abs=0.06)
    assert row["yaw_deg"] == pytest.approx(face.pose.yaw, abs=1e-3)
    assert row["au45"] == pytest.approx(face.action_units["au45"], abs=1e-3)
    assert row["sharpness"] == pytest.approx(face.quality.sharpness, abs=1e-3)
    assert row["doubts"] == ";".join(face.quality.doubts)


def test_the_largest_face_is_the_first(fer: ferapp.FaceAnalyzer, two: np.ndarray) -> None:
    faces = fer(two)
    assert [face.label for face in faces] == ["happy", "happy"]
    assert faces[0].box[2] == pytest.approx(2 * faces[1].box[2], rel=0.1)
    assert faces[0].box[0] > faces[1].box[0]


def test_no_face_is_an_empty_list(fer: ferapp.FaceAnalyzer) -> None:
    faces = fer(np.full((240, 320, 3), 128, np.uint8))
    assert faces == []
    assert "No face" in faces._repr_html_()


def test_a_list_gives_a_list_of_the_same_faces(
    fer: ferapp.FaceAnalyzer,
    face: ferapp.Face,
    picture: np.ndarray,
    two: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ferapp.api.face_analyzer.BATCH_FACES", 2)
    nobody = np.full((240, 320, 3), 128, np.uint8)
    found = fer([nobody, picture, two, picture, nobody])
    assert [len(faces) for faces in found] == [0, 1, 2, 1, 0]
    for faces in (found[1], found[3]):
        assert faces[0].box == face.box
        assert faces[0].probabilities == pytest.approx(face.probabilities, abs=1e-4)
    assert fer([]) == []
    assert BATCH_FACES > 2


def test_faces_of_a_list_go_through_the_model_together(
    fer: ferapp.FaceAnalyzer, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    classify = fer._classifier.classify
    monkeypatch.setattr(
        fer._classifier,
        "classify",
        lambda crops, **options: (sizes.append(len(crops)), classify(crops, **options))[1],
    )
    fer([picture] * 3)
    assert sizes == [3]


def test_an_iterator_is_read_one_picture_at_a_time(
    fer: ferapp.FaceAnalyzer, picture: np.ndarray
) -> None:
    read: list[int] = []

    def frames() -> Iterator[np.ndarray]:
        for number, frame in enumerate((picture, np.zeros_like(picture), picture)):
            read.append(number)
            yield frame

    found = fer(frames())
    assert read == []
    assert len(next(found)) == 1
    assert read == [0]
    assert [len(faces) for faces in found] == [0, 1]


class TestExplanations:
    def test_every_method_that_the_model_serves(
        self, fer: ferapp.FaceAnalyzer, face: ferapp.Face
    ) -> None:
        served = available_methods(load_model(find_model("default"))[0])
        assert {"grad_x_input", "gradcam", "occlusion", "integrated_gradients"} <= set(served)
        x, y, width, height = face.box
        for method in (*served, ACTION_UNITS):
            heat = face.explain(method, target="happy")
            assert (heat.shape, heat.dtype) == ((360, 640), np.float32)
            assert np.isfinite(heat).all()
            assert np.abs(heat).max() > 0, method
            inside = np.abs(heat[round(y) : round(y + height), round(x) : round(x + width)]).sum()
            assert inside > 0.6 * np.abs(heat).sum(), method
        for method in set(METHODS) - set(served):
            with pytest.raises(UsageError, match=METHODS[method].refusal[:30]):
                face.explain(method)

    def test_a_map_lies_where_its_crop_does(self, face: ferapp.Face) -> None:
        """Pixel by pixel: the map's value at the crop's place of some pixel of the picture."""
        heat = face.explain("gradcam", "happy")
        origin = face.origin
        raw = origin.classifier.explain(origin.crops.whole, "gradcam", EXPRESSIONS.index("happy"))
        matrix = origin.crops.input_crop.from_frame
        for x, y in face.landmarks[[30, 48, 54]].round().astype(int).tolist():
            u, v = matrix[:, :2] @ (x, y) + matrix[:, 2]
            left, top = int(u), int(v)
            corners = raw[top : top + 2, left : left + 2]
            across = corners @ (1 - (u - left), u - left)
            assert heat[y, x] == pytest.approx((1 - (v - top), v - top) @ across, abs=0.05)

    def test_targets_by_name_number_and_rank(self, face: ferapp.Face) -> None:
        happy = face.explain(target="happy")
        assert (face.explain() == happy).all()
        assert (face.explain(target=EXPRESSIONS.index("happy")) == happy).all()
        second = sorted(face.probabilities, key=face.probabilities.__getitem__)[-2]
        assert (face.explain(target="runner_up") == face.explain(target=second)).all()
        assert not (face.explain(target="sad") == happy).all()
        for unknown in ("joy", 7, -1):
            with pytest.raises(UsageError, match=rf"no class {unknown!r}(.|\n)*surprise"):
                face.explain(target=unknown)
        with pytest.raises(UsageError, match=r"no attribution method 'gradcamm'(.|\n)*gradcam"):
            face.explain("gradcamm")


class TestDrawing:
    def test_box_label_landmarks_and_map(
        self, fer: ferapp.FaceAnalyzer, face: ferapp.Face, picture: np.ndarray, qapp: object
    ) -> None:
        drawn = fer.draw(picture, [face])
        assert (drawn.mode, drawn.size) == ("RGB", (640, 360))
        changed = np.abs(np.asarray(drawn).astype(int) - picture).max(axis=2) > 20
        x, y, _, height = face.box
        assert changed[round(y + height / 2), round(x) - 1 : round(x) + 2].any()  # the box
        assert not changed[:, :200].any()
        nose = face.landmarks[30].round().astype(int)
        assert np.asarray(drawn)[nose[1], nose[0]].min() > 220  # a white dot

    def test_without_anything_the_picture_is_as_it_was(
        self, fer: ferapp.FaceAnalyzer, face: ferapp.Face, picture: np.ndarray, qapp: object
    ) -> None:
        plain = fer.draw(picture, [face], method=None, boxes=False, landmarks=False)
        np.testing.assert_array_equal(np.asarray(plain), picture)
        np.testing.assert_array_equal(np.asarray(fer.draw(picture, [])), picture)

    def test_the_map_is_that_of_method_and_target(
        self, fer: ferapp.FaceAnalyzer, face: ferapp.Face, picture: np.ndarray, qapp: object
    ) -> None:
        def shown(**options: object) -> np.ndarray:
            return np.asarray(fer.draw(picture, [face], landmarks=False, boxes=False, **options))

        sad, happy = shown(target="sad"), shown(target="happy")
        assert (happy != sad).any()
        assert (shown(method="occlusion", target="happy") != happy).any()
        red, blue = (happy.astype(int) - picture)[..., 0], (happy.astype(int) - picture)[..., 2]
        strongest = face.explain(target="happy") > 0.8 * face.explain(target="happy").max()
        assert (red - blue)[strongest].mean() > 30  # warm where it speaks for happy

    def test_faces_of_another_picture_are_refused(
        self, fer: ferapp.FaceAnalyzer, face: ferapp.Face, two: np.ndarray
    ) -> None:
        with pytest.raises(UsageError, match="640 × 360 pixels, but this one has 960 × 360"):
            fer.draw(two, [face])


def test_a_notebook_shows_the_crop_and_the_probabilities(face: ferapp.Face) -> None:
    shown = face._repr_html_()
    for name, probability in face.probabilities.items():
        assert re.search(rf">{name}</td>.*?{100 * probability:.0f}&nbsp;%", shown)
    encoded = re.search(r"base64,([^\"]+)", shown)
    assert encoded is not None
    crop = cv2.imdecode(np.frombuffer(base64.b64decode(encoded[1]), np.uint8), 0)
    assert crop is not None
    seen = face.origin.crops.input_crop.pixels
    small = cv2.resize(crop, seen.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - seen).mean() < 6


class TestRefused:
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (np.zeros((9, 9, 3), np.float32), r"float32(.|\n)*255 \* picture"),
            (np.full((9, 9, 3), 200.0), r"float64(.|\n)*: \(picture\)"),
            (np.zeros((9, 9, 3), np.uint16), r"uint16(.|\n)*// 256"),
            (np.zeros((9, 9), bool), "bool"),
            (np.zeros((9, 9, 4), np.uint8), r"\(9, 9, 4\)(.|\n)*\[\.\.\., :3\]"),
            (np.zeros((3, 9, 9), np.uint8), r"\(3, 9, 9\)(.|\n)*transpose\(1, 2, 0\)"),
            (np.zeros((2, 9, 9, 3), np.uint8), r"list\(pictures\)"),
            (np.zeros((0, 9, 3), np.uint8), "no pixels"),
            (Image.new("I;16", (9, 9)), r"8 bits a channel \(mode I;16\)"),
            (b"\xff\xd8", "of the type bytes"),
            (5, "type int"),
            (["gone.png"], "gone.png: there is no such file"),
            ([None], "picture 0 is of the type NoneType"),
        ],
    )
    def test_with_the_reason(self, fer: ferapp.FaceAnalyzer, value: object, reason: str) -> None:
        with pytest.raises(ferapp.FerError, match=reason):
            fer(value)  # type: ignore[call-overload]

    def test_files(self, fer: ferapp.FaceAnalyzer, tmp_path: Path) -> None:
        (tmp_path / "text.png").write_text("no picture")
        clip = asset("demo/demo.mp4")
        for path, reason in (
            (tmp_path / "text.png", "text.png: could not be read"),
            (tmp_path, "this is a folder(.|\n)*ferapp.analyze"),
            (clip, "this is a video(.|\n)*ferapp.analyze"),
        ):
            with pytest.raises(SourceError, match=reason):
                fer(path)

    def test_what_cannot_be_loaded(self) -> None:
        for options, error, reason in (
            ({"model": "nobody"}, ModelFileError, "no model 'nobody'(.|\n)*default"),
            ({"faces": 0}, UsageError, "faces=0: .* from 1 to 64"),
            ({"faces": "many"}, UsageError, "faces='many'"),
            ({"device": "abacus"}, UsageError, "abacus"),
            ({"prior": {"happy": 1.0}}, UsageError, "angry, disgust"),
        ):
            with pytest.raises(error, match=reason):
                ferapp.load(**options)


def test_closed_it_says_so_but_its_faces_still_explain(picture: np.ndarray) -> None:
    shares = dict.fromkeys(EXPRESSIONS, 0.01) | {"fear": 1e9}
    with ferapp.load(device="cpu", prior=shares, faces=1) as fer:
        assert repr(fer) == "<FaceAnalyzer default on cpu>"
        (face,) = fer(picture)
    assert face.label == "fear"  # as they all are, by this prior
    assert repr(fer) == "<FaceAnalyzer default on cpu, closed>"
    fer.close()
    with pytest.raises(UsageError, match="closed"):
        fer(picture)
    assert face.explain().any()


@pytest.mark.slow
def test_a_process_ends_without_a_word(command, tmp_path: Path, picture: np.ndarray) -> None:
    """Closed or not, with an error of its own, and while Qt's application is still there."""
    Image.fromarray(picture).save(tmp_path / "face.png")
    start = "import ferapp\nfer = ferapp.load(device='cpu')\nfaces = fer('face.png')\n"
    endings = {
        "fer.draw('face.png', faces)\nother = ferapp.load(); other.close()\n": (0, ""),
        "with fer: raise OSError('mine')": (1, "OSError: mine"),
    }
    for ending, (code, last) in endings.items():
        (tmp_path / "script.py").write_text(start + ending)
        done = command.process("script")
        assert done.returncode == code, done.stderr
        lines = done.stderr.strip().splitlines()
        assert (lines[-1] if lines else "") == last
        assert done.stderr.count("Traceback") == bool(last)
        assert done.stdout == ""
