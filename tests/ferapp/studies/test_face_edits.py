"""Merging and splitting the faces of a table by hand."""

import csv
import json
from pathlib import Path

import pytest

from ferapp.studies.face_edits import FaceEdits, edit_faces, edits_file
from tests.support.command import Command
from trainer.errors import UsageError

HEAD = ("frame", "time_s", "face_id", "box_x", "label")
# frame → the faces in it: 1 leaves and comes back as 3; 2 becomes another person at frame 6
FRAMES = [(1, 2), (1, 2), (1, 2), (2,), (), (2,), (3, 2), (3, 2), (3, 2), (3,)]


def write_table(file: Path, frames: list[tuple[int, ...]] = FRAMES) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEAD)
        for frame, faces in enumerate(frames):
            for face in faces or ("",):
                label = "happy" if face == 1 else "sad"
                writer.writerow([frame, frame / 10, face, 5.0, label if faces else ""])
    return file


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "clip.csv")


def faces_of(table: Path) -> list[tuple[int, str]]:
    return [(int(row["frame"]), row["face_id"]) for row in FaceEdits(table).rows()]


def test_merged_faces_are_one_and_the_table_stays(table: Path) -> None:
    before = table.read_bytes()
    assert [face.face for face in FaceEdits(table).summaries()] == [1, 2, 3]
    edit_faces(table, ["1=3"], [])
    one, two = FaceEdits(table).summaries()
    assert (one.face, one.frames, one.first_s, one.last_s) == (1, 7, 0.0, 0.9)
    assert one.labels == {"sad": 4, "happy": 3}
    assert (two.face, two.frames) == (2, 8)
    assert table.read_bytes() == before


def test_a_split_face_has_a_new_number_from_the_frame_on(table: Path) -> None:
    edit_faces(table, [], ["2@6"])
    faces = faces_of(table)
    assert [face for frame, face in faces if frame < 6] == ["1", "2"] * 3 + ["2", "", "2"]
    assert [face for frame, face in faces if frame >= 6] == ["3", "4"] * 3 + ["3"]


def test_edits_are_of_the_faces_as_those_before_leave_them(table: Path) -> None:
    edit_faces(table, ["1=3"], [])
    edit_faces(table, [], ["1@8"])  # was 3 in the table
    assert [face for frame, face in faces_of(table) if frame in (2, 7, 8)] == [
        *("1", "2"),
        *("1", "2"),
        *("4", "2"),
    ]
    with pytest.raises(UsageError, match=r"There is no face 3 in this table\nIts faces: 1, 2, 4\."):
        edit_faces(table, ["2=3"], [])
    edit_faces(table, [], [], undo=True)
    edit_faces(table, [], [], undo=True)
    assert faces_of(table)[0:2] == [(0, "1"), (0, "2")]
    assert {face for _, face in faces_of(table)} == {"", "1", "2", "3"}
    with pytest.raises(UsageError, match=r"no face of .* was merged or split"):
        edit_faces(table, [], [], undo=True)


def test_a_number_is_not_given_twice(table: Path) -> None:
    edits = edit_faces(table, [], ["2@6", "2@3"])
    assert [edit.as_json() for edit in edits.edits] == [
        {"split": 2, "from_frame": 6, "new": 4},
        {"split": 2, "from_frame": 3, "new": 5},
    ]
    assert [face for frame, face in faces_of(table) if frame in (2, 5, 8)] == [
        *("1", "2"),
        "5",
        *("3", "4"),
    ]


@pytest.mark.parametrize(
    ("merges", "splits", "message"),
    [
        (["1=2"], [], "both faces are in frame 0, so they are two people"),
        (["1=1"], [], "one face already"),
        (["1=7"], [], "no face 7"),
        (["1-3"], [], "1-3: this is not understood\nWrite 1=3 for faces 1 and 3"),
        ([], ["2"], "2: this is not understood\nWrite 2@120 for face 2 at frame 120"),
        ([], ["3@6"], "face 3 is in frames 6 to 9, so nothing would be split"),
        ([], ["3@10"], "face 3 is in frames 6 to 9"),
        (["1=3"], ["3@8"], "no face 3"),  # nothing is stored of what precedes it
    ],
)
def test_impossible_edits_are_refused_whole(
    table: Path, merges: list[str], splits: list[str], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        edit_faces(table, merges, splits)
    assert message in str(error.value)
    assert not edits_file(table).exists()


def test_a_table_made_anew_is_not_corrected(table: Path) -> None:
    edit_faces(table, ["1=3"], [])
    write_table(table, [*FRAMES, (3,)])  # continued
    assert FaceEdits(table).summaries()[0].frames == 8
    write_table(table, FRAMES[1:])
    with pytest.raises(UsageError, match=r"of another table; clip\.csv was made anew"):
        FaceEdits(table)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"edits": [{}], "rows": 1, "sha256": ""}'])
def test_damaged_corrections_are_named(table: Path, content: str) -> None:
    edits_file(table).write_text(content)
    with pytest.raises(UsageError, match=r"clip\.faces\.json: .* cannot be read"):
        FaceEdits(table)


@pytest.mark.parametrize("content", ["a,b\n1,2\n", ",".join(HEAD) + "\nx,0,1,2,sad\n"])
def test_what_is_no_table_is_named(table: Path, content: str) -> None:
    table.write_text(content)
    with pytest.raises(UsageError, match=r"clip\.csv: this "):
        FaceEdits(table).summaries()


def test_a_row_that_is_being_written_is_left_out(table: Path) -> None:
    with table.open("a", encoding="utf-8") as stream:
        stream.write("10,1.0,9")
    assert [face.face for face in FaceEdits(table).summaries()] == [1, 2, 3]


def test_the_file_beside_the_table(table: Path) -> None:
    edit_faces(table, ["1=3"], [])
    assert edits_file(table) == table.with_name("clip.faces.json")
    assert edits_file(table.with_name("faces.csv")) == table.with_name("faces.json")
    stored = json.loads(edits_file(table).read_text(encoding="utf-8"))
    assert stored["edits"] == [{"merge": [1, 3]}]
    assert stored["rows"] == len(faces_of(table))


def test_the_command_lists_faces_and_corrects_them(command: Command, table: Path) -> None:
    listed = command("ferapp", "faces", table)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.splitlines()[0] == "Face 1: 3 frames, 0.0 to 0.2 s; happy 3"
    assert not edits_file(table).exists()
    done = command("ferapp", "faces", table, "--merge", "1=3", "--split", "2@6")
    assert done.stdout.splitlines() == [
        "Face 1: 7 frames, 0.0 to 0.9 s; sad 4, happy 3",
        "Face 2: 5 frames, 0.0 to 0.5 s; sad 5",
        "Face 4: 3 frames, 0.6 to 0.8 s; sad 3",
        "Corrected by hand: clip.faces.json",
    ]
    undone = command("ferapp", "faces", table, "--undo", "--json")
    assert json.loads(undone.stdout) == {
        "faces": [
            {
                "face": 1,
                "frames": 7,
                "first_s": 0.0,
                "last_s": 0.9,
                "labels": {"sad": 4, "happy": 3},
            },
            {"face": 2, "frames": 8, "first_s": 0.0, "last_s": 0.8, "labels": {"sad": 8}},
        ],
        "edits": 1,
    }
    wrong = command("ferapp", "faces", table, "--merge", "1=2")
    assert wrong.returncode == 2
    assert "both faces are in frame 0" in wrong.stderr
