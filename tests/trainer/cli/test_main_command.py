"""`fertrain` as a user runs it: from a CSV to an evaluated model, and wrong commands."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.support import ROOT
from tests.support.trainer.drawn import drawn_data, fer2013_row, write_fer2013
from trainer.cli import summaries
from trainer.data import face_data
from trainer.recipes import FAST, RECIPES

QUICK = (
    "--set",
    "model.options={widths=[16,32],blocks=[1,1]}",
    "--set",
    "optim.batch_size=16",
    "--set",
    "augment.start_side=0",
)


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


def _check_priors(
    command: Any, ask: tuple[str, ...], folder: Path, measured: dict[str, Any]
) -> None:
    """The training pictures have all classes alike: another prior is needed to change anything."""
    assert measured["prior"] == "trained"
    done = command(*ask, "--prior", "balanced")
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["confusion"] == measured["confusion"]
    audience = folder / "audience.json"
    audience.write_text(json.dumps(dict.fromkeys(measured["per_class"], 1) | {"fear": 1e9}))
    done = command(*ask, "--prior", str(audience))
    assert done.returncode == 0, done.stderr
    afraid = last_json(done.stdout)
    assert [sum(column) for column in zip(*afraid["confusion"], strict=True)][2] == measured["n"]
    assert afraid["prior"]["fear"] > 0.99
    assert json.loads((folder / "metrics.json").read_text())["prior"] == afraid["prior"]
    audience.write_text('{"fear": 1}')
    done = command(*ask, "--prior", str(audience))
    assert done.returncode == 2
    assert "the share of angry, disgust, happy" in done.stderr.replace("\n", " ")


@pytest.mark.slow
def test_from_a_csv_to_an_evaluated_model(command, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = [fer2013_row(i % 7, "PublicTest" if i % 3 == 0 else "Training", draw) for i in range(63)]
    write_fer2013(tmp_path / "faces.csv", rows)

    done = command.process(
        "trainer", "prepare", "faces.csv", "--out", "ready", "--no-landmarks", "--json"
    )
    assert done.returncode == 0, done.stderr
    found = last_json(done.stdout)
    assert (found["out"], found["samples"], found["with_landmarks"]) == ("ready", 63, 0)

    done = command(
        "trainer", "train", "--data", "ready", "--recipe", "twin/ce", "--json", "--no-landmarks",
        "--set", "optim.epochs=2", *QUICK,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = last_json(done.stdout)
    assert result["run"].endswith("-twin-ce")
    model = tmp_path / result["model"]
    assert model.is_file()

    ask = ("trainer", "evaluate", "--model", result["model"], "--data", "ready", "--json")
    done = command(*ask)
    assert done.returncode == 0, done.stderr
    measured = last_json(done.stdout)
    assert measured["accuracy"] == pytest.approx(result["best"]["accuracy"])
    assert {"mean_class_accuracy", "macro_f1", "ece", "n", "per_class", "confusion"} <= set(
        measured
    )
    assert "…" not in done.stdout  # plain text, nothing cut
    folder = model.parents[1] / "eval" / "val"
    with np.load(folder / "predictions.npz", allow_pickle=False) as predictions:
        assert predictions["logits"].shape == (21, 7)
        assert predictions["feature"].dtype == np.float16
        assert predictions["landmarks"].shape == (21, 68, 2)
        hits = predictions["logits"].argmax(1) == predictions["label"]
    assert hits.mean() == pytest.approx(measured["accuracy"])
    assert "Rows: true class" in (folder / "report.md").read_text()
    for tta in ("flip", "tencrop"):
        assert command(*ask, "--tta", tta).returncode == 0
    _check_priors(command, ask, folder, measured)

    done = command("trainer", "export", "--model", result["model"], "--out", "slim.safetensors")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "slim.safetensors").stat().st_size < 0.6 * model.stat().st_size


@pytest.mark.slow
def test_interrupted_it_exits_130_and_resumes(command, tmp_path: Path) -> None:
    face_data.save(drawn_data(40), tmp_path / "ready")
    root = ROOT
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "trainer",
            "train",
            "--data",
            "ready",
            "--name",
            "long",
            "--set",
            "optim.epochs=400",
            *QUICK,
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stderr is not None
    for line in process.stderr:  # rich prints a line for each finished epoch
        if "epoch" in line and "val" in line:
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    (run,) = (tmp_path / "runs").iterdir()
    config = json.loads((run / "config.json").read_text())
    assert config["name"] == "long"
    config["config"]["optim"]["epochs"] = 1  # let the rest end soon
    (run / "config.json").write_text(json.dumps(config))
    done = command("trainer", "resume", run)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("train", "--data", "gone.csv"), 2, ("gone.csv", "no such file")),
        (("train", "--data", "other.csv"), 1, ("other.csv", "emotion,pixels,Usage")),
        (("train", "--data", "bad.csv"), 1, ("bad.csv", "row 1", "label '9'")),
        (("train", "--data", "x", "--recipe", "magic"), 2, ("magic", "`fertrain recipes`")),
        (("train", "--data", "x", "--recipe", "defualt"), 2, ("Did you mean default?",)),
        (("models", "compat"), 2, ("no model 'compat'", "Did you mean compact?")),
        (("train", "--data", "x", "--set", "optim.epoch=3"), 2, ("optim.epoch", "epochs")),
        (("train", "--data", "x", "--set", "objective.pal.foo=1"), 2, ("pal.foo", "sigma")),
        (("train", "--data", "x", "--set", "data.input_size=64"), 2, ("64", "crop_size = 46")),
        (("recipes", "twin"), 2, ("no recipe 'twin'", "twin/ce")),
        (("train",), 2, ("--data",)),
        (("resume", "nowhere"), 2, ("nowhere", "not a run directory")),
        (("evaluate", "--model", "nobody", "--data", "x"), 2, ("nobody", "default")),
        (("evaluate", "--model", "default", "--data", "x", "--tta", "all"), 2, ("tencrop",)),
        (("export", "--model", "default", "--out", "a.onxx"), 2, ("a.onxx", ".safetensors")),
    ],
)
def test_errors_name_their_cause(
    command,
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    words: tuple[str, ...],
) -> None:
    draw = np.random.default_rng(0)
    good = fer2013_row(0, "Training", draw)
    write_fer2013(tmp_path / "bad.csv", [good, ("9", good[1], "Training"), good])
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "x").mkdir()
    done = command("trainer", *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_list_is_utf8_whatever_the_code_page(command) -> None:
    """Windows encodes files and pipes in its code page."""
    code = (
        "import sys; from trainer.cli.commands import main; "
        "sys.argv[1:] = ['recipes', 'default']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "α of mixup" in done.stdout.decode()


def test_initial_weights_may_have_a_windows_path(command) -> None:
    face_data.save(drawn_data(3), command.folder / "ready")
    ask = ["train", "--data", "ready", "--no-landmarks", "--init", r"\\server\a.safetensors"]
    done = command("trainer", *ask)
    assert r"\\server\a.safetensors" in done.stderr


def test_the_flags_of_train_go_through_the_configuration(command) -> None:
    face_data.save(drawn_data(3), command.folder / "ready")
    flags = ["--pipeline", "fast", "--no-landmarks", "--init", "compact"]
    sets = ["--set", "data.landmarks=true", "--set", "model.init=other", "--set", "optim.epochs=1"]
    done = command("trainer", "train", "--data", "ready", "--recipe", "twin/ce", *flags, *sets)
    assert done.returncode == 0, done.stderr
    (run,) = (command.folder / "runs").iterdir()
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["data"]["landmarks"] is False
    assert config["model"]["init"] == "compact"
    assert (config["data"]["crop_size"], config["augment"]["crop"]) == (56, "random")
    done = command("trainer", "train", "--data", "ready", "--pipeline", "slow")
    assert done.returncode == 2
    assert "known are dacl, comparison, au, fast" in done.stderr


def test_lists_are_plain_text(command) -> None:
    done = command("trainer", "recipes")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert {name for name in RECIPES if not name.endswith(FAST)} <= listed
    assert "Published: 67.4, mean class 61" in done.stdout
    settings = command("trainer", "recipes", "trio/pal").stdout.splitlines()
    assert settings[0].startswith("trio/pal: ")
    assert any(line.startswith("Published: ") for line in settings[:5])
    assert next(line.split()[:2] for line in settings if "pal.weight" in line) == [
        "objective.pal.weight", "1.0",
    ]  # fmt: skip
    assert "default" in done.stdout
    one = command("trainer", "recipes", "report-003/transfer-adam-1e-4").stdout
    said, _, _ = one.partition("setting ")
    assert "Published: 25.15\n" in said
    assert "The batch of 64 is ours." in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 80
    done = command("trainer", "models", "--json")
    assert "compact" in last_json(done.stdout)["architectures"]
    assert "default" in last_json(done.stdout)["bundled"]


def test_the_progress_bar_shows_that_an_epoch_is_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time left counts steps only, and validation follows an epoch's last step."""
    step = {"event": "step", "steps": 20, "epoch": 1, "loss": 1.0, "loss_ce": 1.0}
    step |= {"images_per_second": 9.0, "eta_s": 65}
    for number, words in ((9, "1:05 left"), (10, "validating"), (20, "validating")):
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=True, width=120, legacy_windows=False)
        monkeypatch.setattr(summaries, "notices", console)
        with summaries.training_progress() as report:
            report({"event": "run_started", "steps": 20, "epochs": 2, "init": ""})
            report({**step, "step": number})
        assert words in stream.getvalue()
        assert ("left" in stream.getvalue()) == (words != "validating")
