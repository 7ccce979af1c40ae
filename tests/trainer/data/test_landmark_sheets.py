"""Sheets of pictures with landmarks: what is drawn, where, how many, and how they are asked for."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.support.trainer.drawn import drawn_data
from trainer.cli.commands import app
from trainer.data import face_data
from trainer.data.landmark_sheets import (
    CAPTION,
    PER_CLASS,
    POINTS_COLOUR,
    SIDE,
    drawn_sample,
    write_landmark_sheets,
)
from trainer.errors import UsageError
from trainer.faces import au_heatmap


def run_prepare(*arguments: object) -> dict[str, object]:
    words = ["prepare", *map(str, arguments), "--json"]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert "Drew 14 of 14 pictures on 7 sheets" in result.output.replace("\n", " ")
    found: dict[str, object] = json.loads(result.stdout.strip().splitlines()[-1])
    return found


def scattered(per_class: int) -> face_data.FaceData:
    """Drawn faces whose landmarks lie apart from each other."""
    data = drawn_data(per_class, ("train",))
    draw = np.random.default_rng(0)
    return replace(data, landmarks=draw.uniform(4, 44, data.landmarks.shape).astype(np.float32))


def test_every_point_is_drawn_at_its_place() -> None:
    data = scattered(1)
    for row in range(7):
        cell = drawn_sample(data, row)
        assert cell.shape == (SIDE + CAPTION, SIDE, 3)
        for x, y in (data.landmarks[row] + 0.5) * SIDE / 48 - 0.5:
            assert tuple(cell[round(float(y)), round(float(x))]) == POINTS_COLOUR


def test_the_units_of_the_label_are_tinted_and_nothing_else() -> None:
    data = drawn_data(1, ("train",))
    plain = replace(data, landmarks=np.full_like(data.landmarks, np.nan))
    for row, name in enumerate(data.classes):
        points = (data.landmarks[row] + 0.5) * SIDE / 48 - 0.5
        heat = au_heatmap(torch.from_numpy(points)[None], SIDE, name)[0].numpy()
        drawn, picture = (drawn_sample(d, row)[:SIDE].astype(int) for d in (data, plain))
        lines = (drawn[..., 1] > drawn[..., 2]) | (drawn[..., 1] > picture[..., 1] + 30)
        red = drawn[..., 2] - drawn[..., 0]
        assert red[(heat == 1) & ~lines].min(initial=99) > 40
        assert np.abs(drawn - picture)[(heat == 0) & ~lines].max() < 30
        if name == "neutral":
            assert not heat.any()


def test_a_picture_without_landmarks_is_shown_as_it_is() -> None:
    data = scattered(1)
    landmarks = data.landmarks.copy()
    landmarks[2] = np.nan
    cell = drawn_sample(replace(data, landmarks=landmarks), 2)
    grey = cv2.resize(np.asarray(data.images[2]), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    assert (cell[:SIDE] == grey[:, :, None]).all()
    assert cell[SIDE:].any()  # the caption


def test_a_sheet_a_class_with_a_readable_number_of_pictures(tmp_path: Path) -> None:
    data = scattered(PER_CLASS + 6)
    happy, sad = (np.flatnonzero(data.label == label) for label in (3, 4))
    data = data.select(np.concatenate([happy[:2], sad]))
    written = write_landmark_sheets(data, tmp_path)
    assert set(written) == {tmp_path / f"landmarks-{name}.png" for name in ("happy", "sad")}
    assert written[tmp_path / "landmarks-happy.png"] == 2
    assert written[tmp_path / "landmarks-sad.png"] == PER_CLASS
    small = cv2.imread(str(tmp_path / "landmarks-happy.png"))
    assert small.shape == (SIDE + CAPTION, 2 * SIDE, 3)
    row = int(np.flatnonzero(data.label == 3)[1])
    assert (small[:, SIDE:] == drawn_sample(data, row)).all()
    last = int(np.flatnonzero(data.label == 4)[-1])  # spread over the class: the last one is there
    large = cv2.imread(str(tmp_path / "landmarks-sad.png"))
    assert (large[-SIDE - CAPTION :, -SIDE:] == drawn_sample(data, last)).all()


def test_prepare_draws_and_says_what(tmp_path: Path) -> None:
    data, folder, out = scattered(2), tmp_path / "prepared", tmp_path / "sheets"
    folder.mkdir()
    face_data.save(data, folder)
    found = run_prepare(folder, "--out", folder, "--draw", out)
    assert found["drawn"] == {str(out / f"landmarks-{name}.png"): 2 for name in data.classes}
    with pytest.raises(UsageError, match="contradict"):
        run_prepare(folder, "--out", folder, "--draw", out, "--no-landmarks")
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UsageError, match="cannot be created"):
        run_prepare(folder, "--out", folder, "--draw", blocked)
