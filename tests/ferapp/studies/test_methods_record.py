"""The methods record: what it says follows from the files, and from nothing else."""

import json
import re
from pathlib import Path

import pytest

from ferapp.studies.methods_record import methods_text, write_methods
from tests.support.app.study_parts import frames_at, write_study
from trainer.model_index import file_sha256, find_model


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rows = frames_at(10, ["happy"] * 3)
    for row in rows[:1]:
        row["doubts"] = "dark"
    write_study(
        tmp_path,
        {"a": rows, "b": frames_at(10, [None, "sad"])},
        failed={"broken": "cannot be opened"},
        model_sha256=file_sha256(find_model("default")),
        every=2,
        faces=1,
    )
    return tmp_path


def row(text: str, name: str) -> str:
    found = re.search(rf"^\| {re.escape(name)} \| (.*) \|$", text, re.MULTILINE)
    assert found is not None, name
    return found[1]


def test_counts_settings_and_model_are_those_of_the_study(study: Path) -> None:
    text = write_methods(study).read_text(encoding="utf-8")
    assert text == (study / "methods.md").read_text(encoding="utf-8")
    assert "in 2 sources (5 frames analysed, one frame in 2)." in text
    assert "1 further source could not be analysed and was left out." in text
    assert "In each frame, one face and its landmarks were located" in text
    assert "25.0 % of the 4 measurements of 2 faces" in text
    assert "Values were not smoothed." in text
    assert row(text, "Sources") == "2 analysed, 1 failed, 0 not yet analysed"
    assert row(text, "Doubts") == "1 of 4 rows"
    assert row(text, "Commit") == "0123456789abcdef"
    assert row(text, "Smoothing") == "none"
    assert row(text, "Doubt: turned") == "turned_deg above 35"
    assert row(text, "Landmarker's thresholds").endswith("0.5")
    assert "Its accuracy on the val split of its data was 70.1 %" in text


def test_references_are_those_that_are_cited_in_their_order(study: Path) -> None:
    text = write_methods(study).read_text(encoding="utf-8")
    paragraph, rest = text.split("## References")
    numbers = [
        int(n) for group in re.findall(r"\[([\d, ]+)\]", paragraph) for n in group.split(",")
    ]
    listed = re.findall(r"^(\d+)\. (.*)$", rest, re.MULTILINE)
    assert list(dict.fromkeys(numbers)) == [int(number) for number, _ in listed]
    assert [int(number) for number, _ in listed] == list(range(1, len(listed) + 1))
    assert all("https://doi.org/" in reference for _, reference in listed)
    assert "10.1145/2993148.2993165" in rest  # the model has learned from FERPlus
    assert "priori probabilities" not in rest  # nothing was adjusted


def test_another_file_of_the_models_name_gives_no_facts_of_it(study: Path) -> None:
    record = json.loads((study / "study.json").read_text(encoding="utf-8"))
    record["settings"]["model_sha256"] = "0" * 64
    (study / "study.json").write_text(json.dumps(record), encoding="utf-8")
    text = write_methods(study).read_text(encoding="utf-8")
    assert row(text, "Model card") == "not known: the model file is not here any more"
    assert "FER2013" not in text.split("sharpness")[0]
    assert "trained on" not in text


def test_resampled_tables_have_moments_not_frames(study: Path) -> None:
    record = json.loads((study / "study.json").read_text(encoding="utf-8"))
    record["settings"]["rate_hz"] = 10
    (study / "study.json").write_text(json.dumps(record), encoding="utf-8")
    text = write_methods(study).read_text(encoding="utf-8")
    assert "(one frame in 2 analysed, 5 moments at 10 Hz kept)" in text
    assert "in the tables" in row(text, "Moments")


def test_a_single_table_has_its_record_from_its_note(study: Path) -> None:
    note = json.loads((study / "a.csv.json").read_text(encoding="utf-8"))
    done = {"smooth_s": 0.5, "rate_hz": 10.0, "baseline": "0-2", "start_at": ""}
    text = methods_text(note | {"prior": "balanced", "transforms": done})
    assert "in every frame of the source." in text
    assert "adjusted to equal shares of all classes [" in text
    assert "a moving average over 0.5 s" in text
    assert "resampled to 10 Hz" in text
    assert row(text, "Baseline") == "0-2"
    assert "Saerens" in text
