"""Somebody else's model under the same microscope: an ONNX file, and a torch module by plug-in."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from ferapp.app import make_window
from ferapp.live.engine import Engine
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from tests.support.command import Command
from tests.support.trainer.other_nets import PLUGIN
from trainer import model_index, plugin
from trainer.data import face_data
from trainer.files import asset
from trainer.labels import EXPRESSIONS

LIMIT_MS = 120_000
EIGHT = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model as others get it, under another name."""
    from trainer.export.onnx_export import export_onnx
    from trainer.model_index import find_model
    from trainer.models.model_file import load_model

    file = tmp_path_factory.mktemp("onnx") / "theirs.onnx"
    network, card = load_model(find_model("default"))
    export_onnx(file, network, card.model_copy(update={"name": "theirs", "about": ""}))
    return file


@pytest.fixture
def window(exported: Path, qapp: QApplication, qtbot: QtBot) -> Iterator[MainWindow]:
    """On the demo clip, once the ONNX file has explained a face."""
    opened = make_window(Engine("demo", str(exported), "cpu"), SettingsStore())
    qtbot.addWidget(opened)
    opened.resize(1280, 720)
    with qtbot.waitActive(opened):
        opened.show()
        opened.activateWindow()
    page = opened.live_page
    try:
        qtbot.waitUntil(
            lambda: bool(page.analysis and page.analysis.faces and page.analysis.models),
            timeout=LIMIT_MS,
        )
        qtbot.waitUntil(lambda: bool(page.status.models and page.status.model.spec))
        yield opened
    finally:
        opened.close_at_once()


def test_an_exported_model_lives_in_the_window_and_answers_as_the_original(
    window: MainWindow, qtbot: QtBot
) -> None:
    page = window.live_page
    analysis = page.analysis
    assert analysis is not None
    assert analysis.model is not None
    assert analysis.model.method == "occlusion"  # there is no gradient
    picker = page.attribution.method
    qtbot.waitUntil(lambda: picker.currentText() == "Occlusion", timeout=LIMIT_MS)
    assert "occlusion and RISE" in _text_of_card(window)
    reasons = {
        picker.itemText(row): picker.itemData(row, Qt.ItemDataRole.ToolTipRole)
        for row in range(picker.count())
        if not picker.model().item(row).isEnabled()  # type: ignore[attr-defined]
    }
    assert "an ONNX file has none" in reasons["Grad-CAM"]
    assert "1,000 passes" in reasons["RISE"]

    (menu,) = (m for m in window.model_menu.findChildren(QMenu) if m.title() == "Compare with")
    menu.aboutToShow.emit()
    next(a for a in menu.actions() if a.text().split("\t")[0].startswith("default")).trigger()
    duel = page.live_view.duel
    qtbot.waitUntil(lambda: "correlation " in duel.header.verdict.text(), timeout=LIMIT_MS)
    both = page.analysis
    assert both is not None
    for face in both.faces:
        first, second = face.predictions
        assert first is not None
        assert second is not None
        np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-4)
    titles = [side.title.text() for side in duel.header.sides]
    assert titles == ["theirs · Occlusion", "default · Grad × Input"]


def _text_of_card(window: MainWindow) -> str:
    from ferapp.ui.text.about_text import card_html

    card = window.live_page.status.model.card
    assert card is not None
    return card_html(card)


def test_evaluation_equals_the_original(exported: Path, command: Command, tmp_path: Path) -> None:
    results = []
    for model in ("default", exported):
        options = ("--data", asset("example"), "--model", model, "--device", "cpu", "--json")
        done = command("trainer", "evaluate", *options, "--out", tmp_path / Path(model).stem)
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stdout.splitlines()[-1]))
    for key in ("accuracy", "mean_class_accuracy", "macro_f1", "n", "confusion"):
        assert results[0][key] == results[1][key]
    assert results[0]["ece"] == pytest.approx(results[1]["ece"], abs=1e-4)
    files = [tmp_path / name / "predictions.npz" for name in ("default", "theirs")]
    own, theirs = (np.load(file)["logits"] for file in files)
    np.testing.assert_allclose(theirs, own, atol=1e-4)


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that registers a module for colours and eight classes, fed a padded box."""
    monkeypatch.setattr(model_index, "_registered", {})
    monkeypatch.setattr(plugin, "_loaded", [])
    file = tmp_path / "lab.py"
    file.write_text(PLUGIN)
    return file


def test_a_plug_in_model_makes_tables_and_explains_a_picture(
    plug_in: Path, command: Command, tmp_path: Path, demo_frame: np.ndarray
) -> None:
    options = ("--plugin", plug_in, "--model", "theirs")
    done = command("ferapp", "analyze", "demo", *options, "--csv", "a.csv", "--max-frames", 3)
    assert done.returncode == 0, done.stderr
    assert f"Running the code of {plug_in}" in done.stderr
    with (tmp_path / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [name for name in rows[0] if name.startswith("p_")] == [f"p_{name}" for name in EIGHT]
    assert sum(float(rows[0][f"p_{name}"]) for name in EIGHT) == pytest.approx(1, abs=1e-3)
    meanings = json.loads((tmp_path / "a.csv.json").read_text())
    assert "theirs" in json.dumps(meanings)

    import cv2

    cv2.imwrite(str(tmp_path / "face.png"), demo_frame)
    done = command("trainer", "explain", *options, "--image", "face.png", "--json", "--out", "why")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert {"cam", "scorecam", "rise", "integrated_gradients"} <= set(result["methods"])
    assert "no transformer" in result["unavailable"]["rollout"]
    assert "Not with this model" in (tmp_path / "why" / "report.html").read_text()


def test_the_box_reaches_a_plug_in_in_its_colours(plug_in: Path, demo_frame: np.ndarray) -> None:
    """The crop is the upright square around the face, in RGB; the answer is that of its pixels."""
    import torch

    import ferapp
    from tests.support.trainer.other_nets import Features

    plugin.load_plugin(plug_in)
    with ferapp.load("theirs", device="cpu") as fer:
        (face,) = fer(demo_frame[..., ::-1])
        crop = face.origin.crops.whole
        assert crop.shape == (32, 32, 3)
        x, y = face.landmarks[30]  # the tip of the nose: the same place in both
        matrix = face.origin.crops.input_crop.from_frame
        assert matrix[0, 1] == matrix[1, 0] == 0  # upright
        assert matrix[0, 0] == matrix[1, 1]
        column, row = (matrix @ np.array([x, y, 1])).round().astype(int)
        nearby = demo_frame[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4, ::-1]
        np.testing.assert_allclose(crop[row, column], nearby.mean(axis=(0, 1)), atol=12)
        pixels = torch.from_numpy(crop).permute(2, 0, 1)[None] / 255
        mean = torch.tensor([0.5, 0.4, 0.3])[:, None, None]
        expected = Features().eval()((pixels - mean) / 0.25).softmax(dim=1)[0]
        actual = list(face.probabilities.values())
        np.testing.assert_allclose(actual, expected.detach().numpy(), atol=1e-3)
        inside = face.explain("occlusion")
        assert inside.shape == demo_frame.shape[:2]
        assert fer.draw(demo_frame[..., ::-1], [face]).size == (640, 360)


def test_labels_are_matched_by_name_whatever_their_order(
    plug_in: Path, command: Command, tmp_path: Path
) -> None:
    options = ("--plugin", plug_in, "--model", "theirs", "--data", asset("example"), "--json")
    done = command("trainer", "evaluate", *options, "--out", tmp_path / "eval")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    data = face_data.load(asset("example")).of_split("val")
    counts = {name: int((data.label == k).sum()) for k, name in enumerate(EXPRESSIONS)}
    counts["contempt"] = 0
    assert {name: each["n"] for name, each in result["per_class"].items()} == counts
    assert [sum(row) for row in result["confusion"]] == [counts[name] for name in EIGHT]
    assert 0 <= result["mean_class_accuracy"] <= 1
