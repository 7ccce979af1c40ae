"""What is cheap to check is refused before a data set is read, which takes minutes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import Command
from tests.support.trainer.drawn import fer2013_row, write_fer2013
from trainer.data.readers.reader_registry import Reader


@pytest.fixture
def unread_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A data set that fails the test when its pictures are read."""

    def read(self: Reader, source: Path, options: object = None) -> None:
        pytest.fail("the data set was read before the arguments were checked")

    monkeypatch.setattr(Reader, "read", read)
    (tmp_path / "file").touch()
    row = fer2013_row(0, "Training", np.random.default_rng(0))
    return str(write_fer2013(tmp_path / "faces.csv", [row]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("evaluate --model nothere", "there is no model 'nothere'"),
        ("evaluate --model default --split nosuch", "--split nosuch: known are train, val, test"),
        ("evaluate --model default --device tpu", "unknown device 'tpu'"),
        ("evaluate --model default --prior nosuch", "the prior 'nosuch' is neither"),
        ("evaluate --model default --explain --method cma", "there is no attribution method 'cma'"),
        ("evaluate --model default --out file/here", "file/here: the folder cannot be created"),
        ("explain --split nosuch", "--split nosuch: known are train, val, test"),
        ("explain --method lanet --out x", "lanet: "),
        ("explain --out file/here", "file/here: the folder cannot be created"),
        ("labels --split nosuch", "--split nosuch: known are train, val, test"),
        ("labels --features nothere", "there is no model 'nothere'"),
        ("labels --out file/here/s.csv", "file/here: the folder cannot be created"),
        ("train --init nothere", "there is no model 'nothere'"),
        ("train --set model.init='nothere'", "there is no model 'nothere'"),
        ("train --name a/b", "--name 'a/b': use letters"),
        ("train --set model.name=nosuch", "there is no model 'nosuch'"),
        ("train --set run.device=cuda:70", "the device cuda:70 is not available"),
        ("train --init file", "file: the weights cannot be read"),
        ("train --classes happy,nosuch", "faces.csv has no class nosuch"),
        ("evaluate --model default --classes happy,contempt", "are not those of faces.csv"),
        ("train --runs file/here", "file/here: the folder cannot be created"),
        ("reproduce twin --runs file/here", "file/here: the folder cannot be created"),
    ],
)
def test_wrong_arguments_are_refused_unread(
    command: Command, unread_data: str, arguments: str, message: str
) -> None:
    done = command("trainer", *arguments.split(), "--data", unread_data)
    assert done.returncode in (1, 2), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (command.folder / "runs").exists()


def test_prepare_looks_for_the_folder_of_landmarks_first(
    command: Command, unread_data: str
) -> None:
    done = command("trainer", "prepare", unread_data, "--out", "ready", "--landmarks", "gone")
    assert done.returncode == 2
    assert not (command.folder / "ready").exists()
    assert "gone: there is no such folder of landmarks" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that even root cannot write into")
@pytest.mark.parametrize(
    "arguments", ["labels --out /proc/suspects.csv", "evaluate --model default --out /proc/self"]
)
def test_a_folder_that_takes_no_files_is_refused_unread(
    command: Command, unread_data: str, arguments: str
) -> None:
    done = command("trainer", *arguments.split(), "--data", unread_data)
    assert done.returncode == 2
    assert "nothing can be written into this folder" in done.stderr
