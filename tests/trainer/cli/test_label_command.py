"""`fertrain labels`: what it prints, writes and refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import Command
from tests.support.trainer.varied_faces import varied_faces
from trainer.data.face_data import save
from trainer.data.label_noise import flip_labels
from trainer.evaluation.label_errors import read_suspects


@pytest.fixture
def planted(tmp_path: Path) -> dict[str, str]:
    """A prepared folder `faces` with wrong labels; the true ones by sample."""
    clean = varied_faces(12, ("train", "val"))
    votes = np.eye(7, dtype=np.float32)[clean.label]
    train = clean.split == "train"
    flipped = flip_labels(clean.select(train), 6 / 84)
    label = np.concatenate([flipped.label, clean.label[~train]])
    save(replace(clean, label=label, votes=votes), tmp_path / "faces")
    names = [clean.classes[k] for k in clean.label]
    return dict(zip(clean.sample_id.tolist(), names, strict=True))


def test_the_command_writes_a_table_and_one_json_object(
    command: Command, planted: dict[str, str]
) -> None:
    done = command(
        "trainer", "labels", "--data", "faces", "--split", "train", "--folds", "4",
        "--out", "suspects.csv", "--json", "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    suspects = read_suspects(command.folder / "suspects.csv")
    assert (result["n"], result["split"], result["folds"]) == (84, "train", 4)
    assert (result["features"], result["out"]) == ("default", "suspects.csv")
    assert (
        result["suspects"]
        == len(suspects)
        == sum(each["suspects"] for each in result["per_class"].values())
    )
    assert 0 < result["estimated_error_rate"] < 0.4
    assert result["seconds"] > 0
    first = result["first"][0]
    assert first["sample_id"] == suspects[0].sample_id
    assert first["votes"] == {planted[suspects[0].sample_id]: 1.0}
    wrong = [planted[each.sample_id] != each.label for each in suspects]
    assert result["outvoted"]["first"] == pytest.approx(np.mean(wrong[:100]))
    assert result["outvoted"]["all"] == pytest.approx(6 / 84)
    assert all(wrong[:3])


def test_the_table_shows_the_first_suspects(command: Command, planted: dict[str, str]) -> None:
    done = command("trainer", "labels", "--data", "faces", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "of 84 labels are wrong. Suspects: " in done.stdout
    assert "annotators" in done.stdout
    first = next(line for line in done.stdout.splitlines() if line.startswith("1 "))
    sample = first.split()[1]
    assert first.endswith(f"{planted[sample]} 100%")
    assert not (command.folder / "suspects.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--split", "test"], 2, "has no split 'test'"),
        (["--folds", "13"], 2, "has only 1"),
        (["--features", "nothing"], 2, "there is no model 'nothing'"),
        (["--out", "."], 2, "this is a folder"),
        (["--data", "missing"], 2, "missing: there is no such file"),
    ],
)
def test_what_does_not_fit_is_said(
    command: Command, planted: dict[str, str], arguments: list[str], code: int, message: str
) -> None:
    done = command("trainer", "labels", "--data", "faces", *arguments)
    assert done.returncode == code
    assert message in done.stderr
