"""Every reader after any accident: data, or a FerError with words; nothing else, and no hang."""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferapp.review.decisions import Review
from ferapp.review.evaluation import read_evaluation
from ferapp.runs.run_reader import RunFolder
from tests.support.damage import damaged, odd_json, quickly, refused_at_most
from tests.support.trainer.drawn import drawn_data, drawn_face, fer2013_row, write_fer2013
from trainer.config.loading import load_config
from trainer.data import face_data
from trainer.data.readers.landmark_files import with_landmarks
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading.archive import Archive
from trainer.errors import DataError, FerError
from trainer.labels import EXPRESSIONS
from trainer.reports.run_list.run_status import RunStatus
from trainer.reports.run_records import read_run_record
from trainer.training.event_log import EventLog, read_events
from trainer.training.run_dir import RunDir, create_run

CODES = (6, 3, 4, 5, 2, 1, 0)  # AffectNet's neutral, happy, sad, … as our classes


@dataclass(frozen=True)
class Sound:
    """A data set that is read without a complaint, and the files of it that accidents hit."""

    source: Path
    files: tuple[Path, ...]


def picture(path: Path, label: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), drawn_face(label, np.random.default_rng(label)))
    return path


def fer2013(folder: Path) -> Sound:
    draw = np.random.default_rng(0)
    rows = [fer2013_row(k, usage, draw) for usage in ("Training", "PublicTest") for k in range(7)]
    file = write_fer2013(folder / "fer2013.csv", rows)
    votes = folder / "ferplus_votes.csv"
    names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes.write_text("\n".join([names, *["1,2,0,0,3,0,4,0,0,0"] * 14]) + "\n")
    return Sound(file, (file, votes))


def class_folders(folder: Path) -> Sound:
    files = [
        picture(folder / "set" / split / name / f"{split}.png", k)
        for split in ("train", "val")
        for k, name in enumerate(EXPRESSIONS)
    ]
    return Sound(folder / "set", (files[0], files[-1]))


def zipped(folder: Path) -> Sound:
    source = class_folders(folder).source
    with zipfile.ZipFile(folder / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(source.rglob("*.png")):
            archive.write(file, file.relative_to(source))
    return Sound(folder / "set.zip", (folder / "set.zip",))


def raf_db(folder: Path) -> Sound:
    lines = []
    for split in ("train", "test"):
        for code in range(1, 8):
            lines.append(f"{split}_{code:05d}.jpg {code}")
            picture(folder / "raf/Image/aligned" / f"{split}_{code:05d}_aligned.jpg", code - 1)
    text = folder / "raf/EmoLabel/list_patition_label.txt"
    text.parent.mkdir()
    text.write_text("\n".join(lines) + "\n")
    return Sound(folder / "raf", (text, folder / "raf/Image/aligned/train_00001_aligned.jpg"))


def affectnet(folder: Path) -> Sound:
    place = folder / "affect"
    head = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression"
    points = ";".join(["12.5"] * 136)
    for name in ("training", "validation"):
        rows = []
        for code in range(7):
            picture(place / "Manually_Annotated_Images" / f"{name}{code}.png", CODES[code])
            rows.append(f"{name}{code}.png,8,8,30,30,{points},{code}")
        (place / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n")
    return Sound(place, (place / "training.csv", place / "validation.csv"))


def affectnet_npy(folder: Path) -> Sound:
    place = folder / "affect-npy"
    for split in ("train_set", "val_set"):
        (place / split / "annotations").mkdir(parents=True)
        for code in range(7):
            picture(place / split / "images" / f"{code}.jpg", CODES[code])
            np.save(place / split / "annotations" / f"{code}_exp.npy", np.array(str(code)))
            np.save(place / split / "annotations" / f"{code}_lnd.npy", np.full(136, 12.5))
    notes = place / "train_set/annotations"
    return Sound(place, (notes / "0_exp.npy", notes / "1_lnd.npy"))


def a_list(folder: Path) -> Sound:
    lines = ["file,label,split"]
    for split in ("train", "val"):
        for k, name in enumerate(EXPRESSIONS):
            picture(folder / "listed" / f"{split}{k}.png", k)
            lines.append(f"{split}{k}.png,{name},{split}")
    text = folder / "listed/labels.csv"
    text.write_text("\n".join(lines) + "\n")
    return Sound(folder / "listed", (text, folder / "listed/train0.png"))


def jaffe(folder: Path) -> Sound:
    codes = ("AN", "DI", "FE", "HA", "SA", "SU", "NE")
    files = [
        picture(folder / "jaffe" / f"{subject}.{code}1.{k}.tiff", k)
        for subject in ("KA", "YM")
        for k, code in enumerate(codes)
    ]
    return Sound(folder / "jaffe", (files[0], files[-1]))


def ck_plus(folder: Path) -> Sound:
    labels = []
    for code in (0, 1, 3, 4, 5, 6, 7):
        sequence = f"S0{code:02d}/001"
        for frame in (1, 2):
            name = f"S0{code:02d}_001_{frame:08d}.png"
            picture(folder / "ck" / "cohn-kanade-images" / sequence / name, code % 7)
        labels.append(
            folder / "ck" / "Emotion" / sequence / f"S0{code:02d}_001_00000002_emotion.txt"
        )
        labels[-1].parent.mkdir(parents=True)
        labels[-1].write_text(f"   {code:.7e}\n")
    return Sound(folder / "ck", (labels[0], labels[-1]))


LAYOUTS = (
    *(fer2013, class_folders, zipped, raf_db, affectnet, affectnet_npy, a_list),
    *(jaffe, ck_plus),
)


@pytest.fixture(scope="module", params=LAYOUTS, ids=lambda make: make.__name__)
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    make: Callable[[Path], Sound] = request.param
    return make(tmp_path_factory.mktemp(make.__name__))


@contextmanager
def instead(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


def read(source: Path) -> face_data.FaceData:
    return find_reader(source).read(source).load()


def test_the_sets_are_sound_before_they_are_damaged(sound: Sound) -> None:
    data = read(sound.source)
    assert len(data) == 14
    assert set(data.label.tolist()) == set(range(7))


@quickly
@given(data=st.data())
def test_any_accident_to_a_data_set_is_read_or_refused(sound: Sound, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sound.files))
    with instead(file, data.draw(damaged(file.read_bytes()))), refused_at_most(FerError):
        found = read(sound.source)
        assert found.label.min() >= 0
        assert found.label.max() < len(found.classes)


ODD_CELLS = st.sampled_from(
    (
        "",
        " ",
        "-1",
        "nan",
        "inf",
        "1e999",
        "9" * 30,
        "9" * 5000,
        "²",
        "\0",
        '"',
        "../x.png",
        "a" * 300,
    )
) | st.text(max_size=6)


@quickly
@given(data=st.data())
def test_any_cell_of_a_list_is_read_or_refused(sound: Sound, data: st.DataObject) -> None:
    lists = [file for file in sound.files if file.suffix in (".csv", ".txt")]
    if not lists:
        return
    file = data.draw(st.sampled_from(lists))
    mark = "," if file.suffix == ".csv" else " "
    lines = [line.split(mark) for line in file.read_text().splitlines()]
    row = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[row]) - 1))
    lines[row][place] = data.draw(ODD_CELLS)
    text = "\n".join(mark.join(line) for line in lines) + "\n"
    with instead(file, text.encode(errors="replace")), refused_at_most(FerError):
        read(sound.source)


@pytest.mark.parametrize(
    "name", ["../secret.png", "{outside}/secret.png", "a/../../secret.png", "C:\\secret.png"]
)
@pytest.mark.parametrize("make", [a_list, affectnet], ids=["list", "affectnet"])
def test_a_list_names_nothing_outside_its_folder(
    tmp_path: Path, make: Callable[[Path], Sound], name: str
) -> None:
    """A picture that lies there would be read otherwise."""
    made = make(tmp_path / "inner")
    picture(tmp_path / "inner" / "secret.png", 3)
    picture(made.source / "Manually_Annotated_Images/../../secret.png", 3)
    text = made.files[0].read_text()
    first = text.splitlines()[1].split(",")[0]
    made.files[0].write_text(text.replace(first, name.format(outside=tmp_path / "inner")))
    with pytest.raises(DataError, match=r"secret\.png.* lies outside the folder"):
        read(made.source)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "C:/secret.png", "a\\..\\b"])
def test_an_archive_has_nothing_outside(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "secret.png", 0)
    (tmp_path / "inner").mkdir()
    assert not Archive(tmp_path / "inner").has(name)


def test_a_link_in_a_zip_is_no_picture(tmp_path: Path) -> None:
    """A zip stores a link as a file with the target's name in it; it is never followed."""
    source = zipped(tmp_path).source
    link = zipfile.ZipInfo("train/happy/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(link, str(picture(tmp_path / "secret.png", 0)))
    with pytest.raises(DataError, match=r"link\.png could not be read"):
        read(source)


@pytest.mark.parametrize("suffix", [".npy", ".txt", ".pts"])
@quickly
@given(data=st.data())
def test_any_landmark_file_is_read_or_refused(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    if not (tmp_path / "set").exists():
        class_folders(tmp_path)
        (tmp_path / "points/train/angry").mkdir(parents=True)
    file = tmp_path / f"points/train/angry/train{suffix}"
    points = np.linspace(0, 47, 136).reshape(68, 2)
    if suffix == ".npy":
        np.save(file, points)
    else:
        rows = "\n".join(f"{x:.2f} {y:.2f}" for x, y in points)
        file.write_text(rows if suffix == ".txt" else f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")
    listing = find_reader(tmp_path / "set").read(tmp_path / "set")
    found = with_landmarks(listing, tmp_path / "points").landmarks
    assert found is not None
    assert np.allclose(found[0], points, atol=0.01)
    file.write_bytes(data.draw(damaged(file.read_bytes())))
    with refused_at_most(DataError, file):
        with_landmarks(listing, tmp_path / "points")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    face_data.save(drawn_data(1), folder)
    return folder


@pytest.mark.parametrize("part", ["dataset.json", "samples.npz", "images.npy"])
@quickly
@given(data=st.data())
def test_a_damaged_prepared_folder_is_read_or_refused(
    prepared: Path, part: str, data: st.DataObject
) -> None:
    content = data.draw(damaged((prepared / part).read_bytes()))
    with instead(prepared / part, content), refused_at_most(DataError, prepared):
        assert len(face_data.load(prepared)) > 0


@quickly
@given(data=st.data())
def test_anything_in_the_head_of_a_prepared_folder_is_read_or_refused(
    prepared: Path, data: st.DataObject
) -> None:
    head = json.loads((prepared / "dataset.json").read_text())
    head[data.draw(st.sampled_from(sorted(head)))] = data.draw(odd_json)
    content = data.draw(st.sampled_from((head, [head], None)))
    changed = instead(prepared / "dataset.json", json.dumps(content).encode())
    with changed, refused_at_most(DataError, prepared):
        face_data.load(prepared)


def predictions(folder: Path) -> Path:
    file = folder / "predictions.npz"
    np.savez(
        file,
        sample_id=np.array(["a", "b"]),
        source_index=np.arange(2),
        split=np.array(["val", "val"]),
        label=np.array([0, 3]),
        logits=np.eye(7, dtype=np.float32)[:2],
        landmarks=np.zeros((2, 68, 2), np.float32),
        votes=np.full((2, 7), np.nan, np.float32),
        temperature=np.array(1.5),
    )
    return file


@quickly
@given(data=st.data())
def test_damaged_predictions_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    file = predictions(tmp_path)
    assert len(read_evaluation(file, "sound")) == 2
    file.write_bytes(data.draw(damaged(file.read_bytes())))
    with refused_at_most(DataError, file):
        found = read_evaluation(file, "x")
        assert np.isfinite(found.probabilities).all()


@quickly
@given(data=st.data())
def test_predictions_of_other_kinds_are_read_or_refused(
    tmp_path: Path, data: st.DataObject
) -> None:
    file = predictions(tmp_path)
    with np.load(file) as stored:
        arrays = dict(stored)
    odd = (
        np.array("x"),
        np.zeros((2, 7), complex),
        np.array([1e300, np.inf]),
        np.array([b"a", b"b"]),
        np.zeros((2, 3, 4), np.float16),
        np.array([2**63, 1], np.uint64),
        np.zeros(0),
        np.array(["2026-01-01", "NaT"], "datetime64[D]"),
        np.zeros(2, [("a", "f4")]),
        None,
    )
    name = data.draw(st.sampled_from(sorted(arrays)))
    changed = data.draw(st.sampled_from(odd))
    kept = {**arrays, name: changed} if changed is not None else arrays
    if changed is None:
        del kept[name]
    np.savez(file, **kept)
    with refused_at_most(DataError, file):
        found = read_evaluation(file, "x")
        assert np.isfinite(found.probabilities).all()
        assert len(found.suspects) <= 2


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    folder = tmp_path_factory.mktemp("run")
    run = create_run(folder / "runs", "test", load_config(None, ()), folder / "data")
    log = EventLog(run.events)
    log.write("run_started", pid=1, host="elsewhere", steps=10, epochs=1, parameters=1)
    log.write("step", step=5, epoch=1, images_per_second=10.0, loss=1.0, eta_s=3, memory_mb=1.0)
    log.write("epoch", epoch=1, step=10, val_accuracy=0.5, val_confusion=[[1] * 7] * 7, loss=0.5)
    log.close()
    return run


def look_at(run: RunDir) -> None:
    """As the trainer's reports and the app's list see it; the list never fails."""
    (seen,) = RunFolder(run.path.parent).list()
    assert seen.state in get_args(RunStatus)
    RunFolder(run.path.parent).read(run.path)
    with refused_at_most(DataError, run.path):
        read_run_record(run)


@pytest.mark.parametrize("part", ["config.json", "events.jsonl", "env.json"])
@quickly
@given(data=st.data())
def test_a_damaged_run_is_listed_or_refused(run: RunDir, part: str, data: st.DataObject) -> None:
    file = run.path / part
    with instead(file, data.draw(damaged(file.read_bytes()))):
        look_at(run)


@quickly
@given(data=st.data())
def test_anything_in_an_event_is_listed_or_refused(run: RunDir, data: st.DataObject) -> None:
    events = read_events(run.events)
    event = data.draw(st.sampled_from(events))
    event[data.draw(st.sampled_from(sorted(event)))] = data.draw(odd_json)
    text = "".join(json.dumps(each) + "\n" for each in events)
    with instead(run.events, text.encode()):
        look_at(run)


def test_every_cut_of_a_journal_keeps_the_whole_lines(run: RunDir, tmp_path: Path) -> None:
    """A kill may come after any byte; who goes on ends the torn line first."""
    content = run.events.read_bytes()
    cut = tmp_path / "events.jsonl"
    for length in range(len(content)):
        cut.write_bytes(content[:length])
        whole = content[:length].count(b"\n")
        assert len(read_events(cut)) == whole
        if length % 7 == 0:
            log = EventLog(cut)
            log.write("run_ended", reason="done")
            log.close()
            kinds = [each["event"] for each in read_events(cut)]
            assert kinds[:whole] == ["run_started", "step", "epoch"][:whole]
            assert kinds[-1] == "run_ended"


@quickly
@given(data=st.data())
def test_a_damaged_review_keeps_what_can_be_read(tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "review.jsonl"
    lines = [{"sample_id": f"s{k}", "label": "happy", "flag": False} for k in range(4)]
    odd = data.draw(odd_json)
    lines[1][data.draw(st.sampled_from(sorted(lines[1])))] = odd  # type: ignore[assignment]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    torn = data.draw(damaged(text.encode()))
    file.write_text(text + "[" * 100_000 + "\n")
    assert {"s0", "s2", "s3"} <= Review(file).decisions.keys()
    file.write_bytes(torn)
    with refused_at_most(FerError):
        Review(file)
