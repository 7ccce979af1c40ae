"""What poor cameras do to crops, and how `fertrain evaluate --corruptions` tells of it."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.command import Command
from tests.support.trainer.drawn import drawn_data, drawn_face
from trainer.data.corruptions import CORRUPTIONS, corrupted
from trainer.data.face_data import save


@pytest.fixture
def crops() -> torch.Tensor:
    draw = np.random.default_rng(0)
    return torch.from_numpy(np.stack([drawn_face(k, draw) for k in range(7)]))


def test_gain_multiplies_and_clips(crops: torch.Tensor) -> None:
    assert torch.equal(corrupted(crops, "gain 0.5"), (crops.float() * 0.5).byte())
    bright = corrupted(crops, "gain 1.6")
    assert torch.equal(bright, (crops.float() * 1.6).clamp(0, 255).byte())
    assert int(bright.max()) == 255


def test_blur_has_its_width_in_shares_of_the_side() -> None:
    """A blurred point is a Gaussian of σ = 1.5 px at 64 px, 3 px at 128 px."""
    for side, sigma in ((64, 1.5), (128, 3.0)):
        point = torch.zeros(1, side, side, dtype=torch.uint8)
        point[0, side // 2, side // 2 - 8 : side // 2 + 9] = 255
        row = corrupted(point, "blur σ 1.5 at 64 px")[0, :, side // 2].double()
        offset = torch.arange(side) - side // 2
        found = math.sqrt(float((row * offset**2).sum() / row.sum()))
        assert found == pytest.approx(sigma, rel=0.1)


def test_noise_has_its_deviation_and_no_bias() -> None:
    grey = torch.full((2, 64, 64), 128, dtype=torch.uint8)
    change = corrupted(grey, "noise σ 0.05").double() - 128
    assert float(change.std()) == pytest.approx(255 * 0.05, rel=0.03)
    assert abs(float(change.mean())) < 0.5
    assert torch.equal(change[0], change[1])


def test_roll_turns_by_ten_degrees() -> None:
    crop = torch.zeros(1, 49, 49, dtype=torch.uint8)
    crop[0, 23:26, 43:46] = 255  # 20 px right of the middle
    y, x = np.nonzero(corrupted(crop, "roll 10°")[0].numpy() > 128)
    assert math.degrees(math.atan2(24 - y.mean(), x.mean() - 24)) == pytest.approx(10, abs=1)


def test_coarse_compression_changes_little_but_something(crops: torch.Tensor) -> None:
    change = (corrupted(crops, "JPEG 30").int() - crops.int()).abs().double()
    assert 1 < float(change.mean()) < 20


def test_the_command_tells_what_each_costs(tmp_path: Path, command: Command) -> None:
    """The row of a corruption is what the same pictures give when they come like that."""
    data = drawn_data(3)
    data = replace(data, images=data.images.copy())
    mine, other = np.flatnonzero(data.split == "val")[:2], np.flatnonzero(data.split == "train")[0]
    data.images[mine[0]] = data.images[other]  # one leaks
    plain, dark = tmp_path / "plain", tmp_path / "dark"
    save(data, plain)
    darker = corrupted(torch.from_numpy(data.images), "gain 0.5").numpy()
    save(replace(data, images=darker), dark)
    ask = ("trainer", "evaluate", "--model", "default", "--data")
    done = command(*ask, plain, "--corruptions", "--drop-leaked", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["n"] == 20
    assert list(result["corruptions"]) == list(CORRUPTIONS)
    table = [line for line in done.stdout.splitlines() if line.startswith(tuple(CORRUPTIONS))]
    assert len(table) == len(CORRUPTIONS)
    expected = json.loads(command(*ask, dark, "--drop-leaked", "--json").stdout.splitlines()[-1])
    assert result["corruptions"]["gain 0.5"]["accuracy"] == expected["accuracy"]
