"""Lists of stimuli: what is read, and that every fault of a wrong one is told at once."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ferapp.studies.stimuli.stimulus_list import StimulusListError, read_stimulus_list
from ferapp.studies.stimuli.stimulus_plan import (
    consent_file,
    presentation_order,
    read_consent,
)
from tests.support import ROOT
from tests.support.command import Command
from trainer.errors import UsageError
from trainer.files import asset

HEAD = "file,seconds,fixation,condition"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of several kinds; `moving.gif` and `moving.webp` have three frames."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))
    frames = [Image.new("RGB", (20, 10), (80 * n, 0, 0)) for n in range(3)]
    frames[0].save(tmp_path / "still.webp")
    for name in ("moving.gif", "moving.webp"):
        frames[0].save(
            tmp_path / name, save_all=True, append_images=frames[1:], duration=200, loop=0
        )
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is cut off")
    return tmp_path


def read(folder: Path, text: str, encoding: str = "utf-8"):  # type: ignore[no-untyped-def]
    (folder / "stimuli.csv").write_bytes(text.encode(encoding))
    return read_stimulus_list(folder / "stimuli.csv")


def faults(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(StimulusListError) as refused:
        read(folder, text)
    assert all(fault in str(refused.value) for fault in refused.value.faults)
    assert refused.value.exit_code == 2
    return refused.value.faults


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_are_recognised(
    folder: Path, encoding: str, separator: str
) -> None:
    (folder / "über.png").write_bytes((folder / "a.png").read_bytes())
    rows = [HEAD.split(","), ["über.png", '"2,5"', "0.5", "schön"]]
    text = "\r\n".join(separator.join(row) for row in rows)
    (stimulus,) = read(folder, text, encoding)
    assert (stimulus.file, stimulus.seconds, stimulus.fixation) == ("über.png", 2.5, 0.5)
    assert stimulus.condition == "schön"
    assert stimulus.size == (40, 30)


def test_further_columns_are_kept_and_order_of_columns_is_free(folder: Path) -> None:
    text = "Block,Condition,FILE,Fixation,Seconds\n7,x,a.png,,3\n"
    (stimulus,) = read(folder, text)
    assert stimulus.others == {"Block": "7"}
    assert (stimulus.fixation, stimulus.seconds) == (0.0, 3.0)


def test_what_moves_is_a_video_by_its_content(folder: Path) -> None:
    clip = ROOT / "assets" / "demo" / "demo.mp4"
    text = f"{HEAD}\nstill.webp,1,0,x\nmoving.gif,1,0,x\nmoving.webp,1,0,x\n{clip},,0,x\n"
    stimuli = read(folder, text)
    assert [stimulus.is_video for stimulus in stimuli] == [False, True, True, True]
    assert stimuli[3].seconds == pytest.approx(19.7, abs=0.1)  # its own
    assert stimuli[3].size == (640, 360)


def test_all_faults_are_told_at_once(folder: Path) -> None:
    rows = (
        "A.png,2,1,x",
        "a.png,-1,-2,x",
        "a.png,two,nan,x",
        "a.png,,0,x",
        "broken.jpg,1,0,x",
        "https://example.org/a.png,1,0,x",
        ",1,0,x",
        "a.png,1",
        "a.png,1,0,x,more",
        ".,1,0,x",
        "stimuli.csv,1,0,x",
    )
    found = faults(folder, "\n".join([HEAD, *rows]))
    assert found[0] == "row 2: A.png: there is no such file; is a.png meant?"
    assert found[1:5] == (
        "row 3: fixation is -2: it must be 0 or more",
        "row 3: seconds is -1: it must be more than 0",
        "row 4: fixation is nan: write a number of seconds, as 2 or 0.5",
        "row 4: seconds is two: write a number of seconds, as 2 or 0.5",
    )
    assert found[5] == "row 5: seconds is empty: a picture needs them"
    assert found[6].startswith("row 6: broken.jpg: could not be read")
    assert [fault.split(":")[0] for fault in found[7:]] == [f"row {n}" for n in range(7, 13)]
    assert "2 cells" in found[9]
    assert "5 cells" in found[10]
    assert "neither a video nor a picture" in found[12] or "list of" in found[12]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,secs,fixaton,condition\n", "there is no column fixation: is fixaton meant?"),
        ("a.png,2,1,x\n", "there is no column file"),
        ("file,file,seconds,fixation,condition\n", "two columns are called file"),
        (HEAD + "\n\n\n", "there is no row below the first line"),
        ("", "there is no column file"),
    ],
)
def test_a_wrong_head_is_refused(folder: Path, text: str, said: str) -> None:
    assert any(said in fault for fault in faults(folder, text))


def test_what_is_no_text_is_refused(folder: Path) -> None:
    for name, said in (("a.png", "is no text"), ("none.csv", "could not be read"), ("", "folder")):
        with pytest.raises(StimulusListError, match=said):
            read_stimulus_list(folder / name)


def test_a_seed_always_gives_the_same_order(folder: Path) -> None:
    stimuli = read(folder, HEAD + "".join(f"\na.png,{n + 1},0,x" for n in range(6)))
    seconds = [s.seconds for s in presentation_order(stimuli, 1)]
    assert seconds == [s.seconds for s in presentation_order(stimuli, 1)]
    assert sorted(seconds) == [1, 2, 3, 4, 5, 6]
    assert seconds != [s.seconds for s in presentation_order(stimuli, 2)]
    assert presentation_order(stimuli, None) == stimuli


def test_the_consent_text_is_the_one_beside_the_list(folder: Path) -> None:
    file = folder / "stimuli.csv"
    assert consent_file(file) == asset("stimuli") / "consent.txt"
    (folder / "consent.txt").write_text("Dürfen wir?", encoding="cp1252")
    assert read_consent(consent_file(file)) == "Dürfen wir?"
    (folder / "consent.txt").write_text(" \n")
    with pytest.raises(UsageError, match="empty"):
        read_consent(consent_file(file))
    with pytest.raises(UsageError, match="no consent text"):
        read_consent(folder / "a.png")


def test_the_example_is_a_list_without_faults() -> None:
    stimuli = read_stimulus_list(asset("stimuli/stimuli.csv"))
    conditions = [stimulus.condition for stimulus in stimuli]
    assert sorted(conditions) == sorted(2 * ["pleasant", "unpleasant", "neutral"])
    assert "Esc" in read_consent(asset("stimuli/consent.txt"))


def test_the_command_checks_a_list(command: Command, folder: Path) -> None:
    file = folder / "stimuli.csv"
    file.write_text(f"{HEAD}\na.png,2,1,x\n")
    done = command("ferapp", "stimuli", file, "--seed", 1, "--json")
    checked = json.loads(done.stdout.splitlines()[-1])
    assert checked["seconds"] == 3
    assert [row["file"] for row in checked["order"]] == ["a.png"]
    assert "a.png: picture of 40 × 30" in command("ferapp", "stimuli", file).stdout
    file.write_text(f"{HEAD}\na.png,-2,1,x\nb.png,1,1,x\n")
    refused = command("ferapp", "stimuli", file)
    assert refused.returncode == 2
    assert "2 faults" in refused.stderr
    assert "row 3: b.png: there is no such file" in refused.stderr
