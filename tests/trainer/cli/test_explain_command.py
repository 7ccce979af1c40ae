"""`fertrain explain`, `evaluate --explain --runs` and `prepare --heatmaps`, as typed."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard, Preprocessing
from trainer.cli.commands import app
from trainer.data.face_data import save
from trainer.errors import DataError, UsageError
from trainer.evaluation.explanation_quality import KINDS, MEASURES
from trainer.faces import au_heatmap
from trainer.files import asset
from trainer.models import create
from trainer.models.model_file import save_model
from trainer.training.run_dir import RunDir

OPTIONS = {"widths": [8, 16], "blocks": [1, 1]}


def save_small_model(path: Path, name: str = "compact", **options: object) -> Path:
    torch.manual_seed(0)
    model = create(name, input_size=44, **options)
    card = ModelCard(
        name=path.stem,
        architecture=name,
        arguments=options,
        attribution_layer=model.attribution_layer,
        preprocessing=Preprocessing(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, model.state_dict(), card)
    return path


def run_command(*arguments: object) -> dict:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.strip().splitlines()[-1])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    save(drawn_data(2), folder)
    return folder


def test_the_report_is_complete(data: Path, tmp_path: Path) -> None:
    model = save_small_model(tmp_path / "net.safetensors", **OPTIONS)
    out = tmp_path / "report"
    result = run_command("explain", "--model", model, "--data", data, "--samples", 10, "--out", out)
    assert result["samples"] == 10
    assert result["method"] == "grad_x_input"
    stored = json.loads((out / "metrics.json").read_text())
    assert set(stored["maps"]) == set(KINDS)
    assert set(stored["maps"]["model"]) == set(MEASURES)
    for kind in KINDS:
        curve = stored["curves"][kind]["deletion"]
        assert len(curve) == 21
        assert stored["maps"][kind]["deletion"]["mean"] == pytest.approx(
            np.trapezoid(curve, dx=1 / 20), abs=1e-5
        )
    assert stored["maps"]["mean_au"]["au_cosine"]["mean"] == pytest.approx(0, abs=1e-6)
    assert stored["maps"]["model"]["pointing"]["n"] < 10  # neutral has no units
    assert stored["randomised"][-1]["layer"].startswith("stem")
    page = (out / "report.html").read_text()
    assert page.count("data:image/png") >= 4
    for word in ("CAM-COS", "Sobel edges", "95 %", "ROAD"):
        assert word in page
    assert "![" in (out / "report.md").read_text()


def test_dacls_weights_are_in_the_report(data: Path, tmp_path: Path) -> None:
    options = {"backbone": "compact", "compact": True, "widths": [8, 16, 16]}
    model = save_small_model(tmp_path / "dacl.safetensors", "dacl", **options)
    out = tmp_path / "report"
    run_command("explain", "--model", model, "--data", data, "--samples", 2, "--out", out)
    assert (out / "attention.png").is_file()
    assert "Attention weights" in (out / "report.md").read_text()


def test_a_picture_is_explained_with_every_method(tmp_path: Path) -> None:
    video = cv2.VideoCapture(str(asset("demo") / "demo.mp4"))
    _, frame = video.read()
    video.release()
    picture, out = tmp_path / "face.png", tmp_path / "report"
    cv2.imwrite(str(picture), frame)
    result = run_command("explain", "--image", picture, "--out", out)
    assert sum(result["probabilities"].values()) == pytest.approx(1)
    assert {"gradcam", "cam", "integrated_gradients", "occlusion"} <= set(result["methods"])
    assert abs(result["integrated_gradients_delta"]) < 0.5
    assert f"Why {result['label']}?" in (out / "report.html").read_text()


def test_a_picture_without_a_face_says_so(tmp_path: Path) -> None:
    picture = tmp_path / "grey.png"
    cv2.imwrite(str(picture), np.full((200, 200), 128, np.uint8))
    with pytest.raises(DataError, match="no face was found"):
        run_command("explain", "--image", picture, "--out", tmp_path / "out")
    picture.write_bytes(b"no picture")
    with pytest.raises(DataError, match="could not be read as a picture"):
        run_command("explain", "--image", picture, "--out", tmp_path / "out")


def test_an_unsupported_method_lists_the_supported_ones(data: Path, tmp_path: Path) -> None:
    model = save_small_model(tmp_path / "net.safetensors", **OPTIONS)
    arguments = ("--model", model, "--data", data, "--out", tmp_path / "out")
    with pytest.raises(UsageError, match="draws no maps of its classes itself") as caught:
        run_command("explain", *arguments, "--method", "class_map")
    assert "layercam" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no attention to roll out"):
        run_command("explain", *arguments, "--method", "rollout")
    with pytest.raises(UsageError, match="Name one of --data and --image"):
        run_command("explain", "--model", model)


def test_many_runs_in_one_table(data: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    save_small_model(RunDir(runs / "one").best, **OPTIONS)
    save_small_model(RunDir(runs / "two").best, "wildcat")
    (runs / "empty").mkdir()
    found = run_command("evaluate", "--runs", runs, "--data", data, "--explain")["models"]
    assert [Path(row["model"]).parents[1].name for row in found] == ["one", "two"]
    floors = [row["au"]["mean_au"]["mean"] for row in found]
    assert floors[0] == pytest.approx(floors[1])
    assert (RunDir(runs / "one").eval("val") / "metrics.json").is_file()
    result = CliRunner().invoke(
        app, ["evaluate", "--runs", str(runs), "--data", str(data), "--explain"]
    )
    head, first, second = result.stdout.strip().splitlines()[:3]
    assert head.split()[-3:] == ["AU", "Gaussian", "uniform"]
    assert first.startswith("one")
    assert second.startswith("two")
    by_class_map = run_command(
        "evaluate", "--model", RunDir(runs / "two").best, "--data", data, "--explain",
        "--method", "class_map",
    )  # fmt: skip
    assert by_class_map["explanation"] == "class_map"
    assert by_class_map["au"]["cam_cos"]["mean"] != found[1]["au"]["cam_cos"]["mean"]
    with pytest.raises(UsageError, match="no run in it has a model"):
        run_command("evaluate", "--runs", runs / "empty", "--data", data)


def test_prepare_stores_action_units_and_their_sheets(data: Path, tmp_path: Path) -> None:
    run_command("prepare", data, "--out", data, "--heatmaps")
    maps, faces = np.load(data / "heatmaps.npy"), drawn_data(2)
    assert maps.shape == (28, 48, 48)
    assert not maps[faces.label == 6].any()
    points = torch.from_numpy(faces.landmarks[:1])  # drawn on the template: the crop is the picture
    expected = (au_heatmap(points, 48, "angry")[0] * 255).numpy()
    assert np.abs(maps[0] - expected).mean() < 2
    assert {path.name for path in data.glob("action-units-*.png")} == {
        f"action-units-{name}.png"
        for name in ("angry", "disgust", "fear", "happy", "sad", "surprise")
    }
