"""Codings against each other and against a table of faces, by the command."""

import csv
import json
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_file import coding_csv
from tests.support.app.tables import FPS, write_table
from tests.support.command import Command
from trainer.labels import EXPRESSIONS


def write_coding_of(folder: Path, name: str, *intervals: tuple[float, float, str]) -> Path:
    file = folder / f"{name}.csv"
    file.write_text(coding_csv([CodedInterval(*one, name) for one in intervals]), encoding="utf-8")
    return file


def agreed(command: Command, *arguments: object) -> dict[str, object]:
    done = command("ferapp", "agree", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_two_codings_per_second_and_per_frame(command: Command, tmp_path: Path) -> None:
    first = write_coding_of(tmp_path, "anna", (0, 6, "happy"), (6, 10, "sad"))
    second = write_coding_of(tmp_path, "ben", (0, 4.4, "happy"), (4.4, 10, "sad"))
    result = agreed(command, first, second)
    a, b = "hhhhhhssss", "hhhhssssss"  # 4.4 s: second 4 is mostly sad
    assert result["kappa"] == pytest.approx(cohen_kappa_score(list(a), list(b)))
    assert result["n"] == 10
    assert result["confusion"] == [[4, 2], [0, 4]]
    assert result["per_class"]["happy"]["f1"] == pytest.approx(2 * 4 / (6 + 4))
    frames_a, frames_b = [i < 150 for i in range(250)], [i < 110 for i in range(250)]
    per_frame = result["per_frame"]
    assert per_frame["kappa"] == pytest.approx(cohen_kappa_score(frames_a, frames_b))
    assert per_frame["n"] == 250
    low, high = result["kappa_interval"]
    assert low < result["kappa"] < high
    (pair,) = result["pairs"]
    assert pair["disagreements"] == [
        {"start_s": 4.4, "end_s": 6.0, "first": "happy", "second": "sad"}
    ]


def test_a_coding_against_a_table_of_the_model(command: Command, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    table = write_table(clip, range(5 * FPS))
    coding = write_coding_of(tmp_path, "anna", (0.0, 2.5, "angry"), (3.0, 9.0, "fear"))
    result = agreed(command, coding, table)
    assert result["coders"] == ["anna", "model"]
    with table.open() as stream:
        said = [(float(row["time_s"]), row["label"]) for row in csv.DictReader(stream)]
    both = [
        ("angry" if time_s < 2.5 else "fear", label)
        for time_s, label in said
        if time_s < 2.5 - 0.5 / FPS or time_s >= 3.0 - 0.5 / FPS
    ]
    codes, labels = zip(*both, strict=True)
    assert result["per_frame"]["n"] == len(both)
    expected = cohen_kappa_score(codes, labels, labels=list(EXPRESSIONS))
    assert result["per_frame"]["kappa"] == pytest.approx(expected)


def test_three_coders_with_missing_data_and_action_units(command: Command, tmp_path: Path) -> None:
    files = [
        write_coding_of(tmp_path, "a", (0, 5, "happy"), (5, 8, "sad"), (1, 4, "AU12")),
        write_coding_of(tmp_path, "b", (0, 5, "happy"), (5, 8, "sad"), (2, 4, "AU12")),
        write_coding_of(tmp_path, "c", (2, 6, "happy")),
    ]
    result = agreed(command, *files)
    assert result["coders"] == ["a", "b", "c"]
    assert len(result["pairs"]) == 3
    assert result["confusion"] is None  # there are three
    assert set(result["tracks"]) == {"expression", "AU12"}
    unit = result["tracks"]["AU12"]
    assert unit["coders"] == ["a", "b"]  # c coded no action unit
    assert unit["confusion"] == [[5, 0], [1, 2]]
    text = command("ferapp", "agree", *files).stdout
    assert "mean of all pairs" in text
    assert "neighbouring frames are not independent" in text


@pytest.mark.parametrize("codes", [("happy", "sad"), ("AU12", "AU12")])
def test_codings_that_share_no_time(
    command: Command, tmp_path: Path, codes: tuple[str, str]
) -> None:
    first = write_coding_of(tmp_path, "anna", (0, 5, codes[0]))
    second = write_coding_of(tmp_path, "ben", (20, 25, codes[1]))
    done = command("ferapp", "agree", first, second)
    assert done.returncode == 1
    assert "These codings share no time" in done.stderr
    assert "anna: 0 to 5 s, ben: 20 to 25 s" in done.stderr


def test_wrong_usage_is_told_apart_from_wrong_files(command: Command, tmp_path: Path) -> None:
    one = write_coding_of(tmp_path, "anna", (0, 5, "happy"))
    assert command("ferapp", "agree", one).returncode == 2
    assert command("ferapp", "agree", one, tmp_path / "gone.csv").returncode == 2
    table = tmp_path / "other.csv"
    table.write_text("name,age\nAnna,3\n")
    done = command("ferapp", "agree", one, table)
    assert done.returncode == 1
    assert "this is no coding and no table of faces" in done.stderr


def test_the_same_name_in_two_files_is_two_coders(command: Command, tmp_path: Path) -> None:
    first = tmp_path / "one.csv"
    second = tmp_path / "two.csv"
    for file in (first, second):
        file.write_text("start_s,end_s,code,coder\n0,4,joy,Coder 1\n4,6,sad,Coder 1\n")
    result = agreed(command, first, second)
    assert result["coders"] == ["Coder 1 (one.csv)", "Coder 1 (two.csv)"]
    assert result["kappa"] == 1
