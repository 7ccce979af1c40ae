"""The README's code examples run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.sources.video import VideoFile
from ferapp.studies.study_record import StudyProgress
from tests.support import ROOT
from tests.support.command import Command
from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.varied_faces import varied_face
from trainer.files import asset
from trainer.labels import EXPRESSIONS

README = ROOT / "README.md"


@pytest.mark.slow
def test_a_network_a_loss_and_a_data_set_of_your_own(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").split("## Add your own")[1]
    (code,) = re.findall(r"```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    assert len(code.strip().splitlines()) < 50
    command = " ".join(re.findall(r"`(python mine.py train .*?)`", section, re.DOTALL)[0].split())
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    data = drawn_data(20)
    np.savez(tmp_path / "faces.npz", images=data.images, label=data.label, split=data.split)
    done = subprocess.run(
        [
            sys.executable,
            *shlex.split(command)[1:],
            *("--no-landmarks", "--json", "--set", "optim.epochs=3"),
            *("--set", "optim.batch_size=20", "--set", "augment.start_side=0"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(README.parent), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "spread" in done.stderr  # its value is printed for each epoch
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["best"]["accuracy"] > 1 / 7


def write_what_the_examples_read(folder: Path) -> None:
    """`face.jpg` of a laughing woman, `clip.mp4` with eight frames of her, `faces/` of drawings."""
    demo = VideoFile(asset("demo/demo.mp4"))
    demo.seek(16.0)
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), codec, 24, (640, 360))
    for _ in range(8):
        frame = demo.read()
        assert frame is not None
        writer.write(frame.image)
    cv2.imwrite(str(folder / "face.jpg"), frame.image)
    writer.release()
    demo.close()
    draw = np.random.default_rng(0)
    for split, count in (("train", 5), ("val", 1)):
        for label, name in enumerate(EXPRESSIONS):
            (folder / "faces" / split / name).mkdir(parents=True)
            for number in range(count):
                file = folder / "faces" / split / name / f"{number}.png"
                cv2.imwrite(str(file), varied_face(label, draw))


@pytest.mark.slow
def test_python_in_a_notebook(tmp_path: Path) -> None:
    """All blocks one after the other, as cells of one notebook, and what they then have."""
    section = README.read_text(encoding="utf-8").split("## Python\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 3
    checks = """
assert (face.label, len(faces), len(several)) == ("happy", 1, 2)
assert heat.shape == (360, 640)
assert table["frame"].tolist() == [0, 2, 4, 6]
assert set(table["label"]) == {"happy"}
assert run.best.is_file() and run.metrics["epoch"] in (1, 2, 3)
assert model.card.classes == fer.classes
assert len(result.predictions) == result.metrics["n"] == 7
assert len(report) == 35
"""
    write_what_the_examples_read(tmp_path)
    (tmp_path / "cells.py").write_text("\n".join([*blocks, checks]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "cells.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch ") == 4  # its start, and three
    assert done.stderr == ""


@pytest.mark.slow
def test_the_commands_of_studies(command: Command, tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").split("## Studies\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    commands = [shlex.split(line, comments=True) for line in block.strip().splitlines()]
    for place in ("siteA", "siteB"):
        (tmp_path / "videos" / place).mkdir(parents=True)
    write_what_the_examples_read(tmp_path)
    shutil.copy(tmp_path / "clip.mp4", tmp_path / "videos" / "siteB" / "clip.mp4")
    (tmp_path / "clip.mp4").rename(tmp_path / "videos" / "siteA" / "clip.mp4")
    (tmp_path / "people.csv").write_text(
        "file,participant,condition\nsiteA/clip.mp4,1,calm\nsiteB/clip.mp4,2,tense\n"
    )
    for program, subcommand, *arguments in commands[:-1]:
        done = command.process(program, subcommand, *arguments)
        assert done.returncode == 0, done.stderr
    tables = tmp_path / "tables"
    assert (tables / "siteA" / "clip.parquet").exists()
    summary = (tables / "summary.csv").read_text().splitlines()
    assert [line.split(",")[-2:] for line in summary] == [
        ["participant", "condition"],
        ["1", "calm"],
        ["2", "tense"],
    ]
    states = StudyProgress.read(tables).sources.values()
    assert {state.state for state in states} == {"unchanged"}  # the second command made none anew
    head = (tmp_path / "even" / "siteA" / "clip.csv").read_text().splitlines()[0]
    assert "d_p_happy" in head
    for folder in (tables, tmp_path / "even"):
        for name in ("failed.csv", "report.html", "methods.md"):
            assert (folder / name).stat().st_size
    (program, option, table) = commands[-1]
    assert (program, option) == ("ferapp", "--source")
    assert (tmp_path / table).exists()
