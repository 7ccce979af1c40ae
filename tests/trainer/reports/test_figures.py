"""Figures: pixels against counts, captions against samples, cosines computed by hand."""

import base64
import re
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.made_runs import made_run
from trainer.card import ModelCard, Preprocessing
from trainer.data.crops import align_all, to_input
from trainer.evaluation.attention_weights import attention_agreement, attention_weights
from trainer.evaluation.evaluate import evaluate
from trainer.labels import EXPRESSIONS
from trainer.models import create
from trainer.reports import evaluation_report
from trainer.reports.attention_figures import attention_strips
from trainer.reports.comparison import compare_records
from trainer.reports.curve_figures import accuracy_complexity_figure, learning_curves_figure
from trainer.reports.evaluation_report import write_evaluation_figures, write_prediction_figures
from trainer.reports.figures import COLOURS, SHEET_COLUMNS, confusion_figure, sample_sheet
from trainer.reports.run_records import read_run_record

DACL = {"backbone": "compact", "compact": True, "widths": (4, 8, 16)}


def cell_colours(path: Path, count: int) -> np.ndarray:
    """Grey level of each cell's most frequent colour, (K, K): found from its white grid lines."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY)
    inked = picture < 252  # the lightest cell is not quite white
    rows, columns = inked.mean(axis=1) > 0.7, inked.mean(axis=0) > 0.7

    def spans(line: np.ndarray) -> list[tuple[int, int]]:
        edges = np.flatnonzero(np.diff(np.r_[0, line.astype(int), 0]))
        return [(a, b) for a, b in edges.reshape(-1, 2).tolist() if b - a > 20]

    down, across = spans(rows), spans(columns)
    assert len(down) == len(across) == count
    return np.array(
        [[np.bincount(picture[a:b, c:d].ravel()).argmax() for c, d in across] for a, b in down]
    )


def test_the_colour_of_a_confusion_is_the_share_of_its_row(tmp_path: Path) -> None:
    counts = np.full((7, 7), 1)
    np.fill_diagonal(counts, 10)
    counts[3] *= 50  # a large class is no darker
    counts[6] = [0, 0, 90, 0, 0, 0, 10]
    confusion_figure(counts, EXPRESSIONS, tmp_path / "c.png")
    grey = cell_colours(tmp_path / "c.png", 7)
    assert np.diag(grey)[:6].max() < grey[0, 1]
    assert grey[3, 3] == grey[0, 0]
    assert grey[6, 2] < grey[0, 0] < grey[6, 6]  # 0.9, 0.625 and 0.1 of their rows


def test_a_sheet_shows_pictures_row_by_row_and_leaves_gaps(tmp_path: Path) -> None:
    pictures = [np.full((8, 8), level, np.uint8) for level in (40, 120, 200)]
    sample_sheet(
        [pictures[0], None, pictures[1], pictures[2]], ["a", "", "b", "c"], tmp_path / "s.png",
        columns=2,
    )  # fmt: skip
    sheet = cv2.imread(str(tmp_path / "s.png"), cv2.IMREAD_GRAYSCALE)
    middle, centre = sheet.shape[0] // 2, sheet.shape[1] // 2
    quarters = {
        level: [
            int((part == level).sum())
            for part in (
                sheet[:middle, :centre],
                sheet[:middle, centre:],
                sheet[middle:, :centre],
                sheet[middle:, centre:],
            )
        ]
        for level in (40, 120, 200)
    }
    assert [int(np.argmax(quarters[level])) for level in (40, 120, 200)] == [0, 2, 3]
    assert sheet[:middle, centre + 12 :].min() == 255  # the gap


def test_correct_and_wrong_samples_are_sorted_by_confidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = drawn_data(2, ("val",))  # two of each class
    logits = np.zeros((14, 7), np.float32)
    for i, label in enumerate(data.label):
        logits[i, label] = 2 + i % 2  # the second of each class is more confident
    logits[0] = [0, 0, 0, 4, 0, 0, 0]  # angry predicted as happy
    logits[5] = [0, 0, 0, 0, 9, 0, 0]  # fear predicted as sad, more confident
    sheets: dict[str, dict] = {}

    def record(images, captions, path: Path, **options) -> None:
        sheets[path.name] = {"images": images, "captions": list(captions), **options}

    monkeypatch.setattr(evaluation_report, "sample_sheet", record)
    write_prediction_figures(tmp_path, data, logits, temperature=2.0)
    confidence = [100 * np.exp(x / 2) / (np.exp(x / 2) + 6) for x in (2, 3, 4, 9)]
    assert sheets["wrong.png"]["captions"] == [
        f"fear → sad {confidence[3]:.0f} %",
        f"angry → happy {confidence[2]:.0f} %",
    ]
    assert np.array_equal(sheets["wrong.png"]["images"][0], data.images[5])
    right = sheets["right.png"]
    assert right["rows"] == EXPRESSIONS
    assert right["captions"][:2] == [f"{confidence[1]:.0f} %", ""]  # the only correct one of angry
    happy = 3 * SHEET_COLUMNS
    assert right["captions"][happy : happy + 3] == [
        f"{confidence[1]:.0f} %",
        f"{confidence[0]:.0f} %",
        "",
    ]
    assert np.array_equal(right["images"][happy], data.images[7])


def test_attention_agreement_against_all_pairs(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    labels = np.array([0, 0, 0, 1, 1, 2])
    weights = draw.random((6, 5)).astype(np.float32) + np.eye(5)[labels].astype(np.float32)
    centred = weights - weights.mean(axis=0)
    cosine = {
        (i, j): centred[i] @ centred[j] / np.linalg.norm(centred[i]) / np.linalg.norm(centred[j])
        for i, j in combinations(range(6), 2)
    }
    agreement = attention_agreement(weights, labels, ("a", "b", "c"))
    attention_strips(weights, labels, ("a", "b", "c"), tmp_path / "s.png")
    assert (tmp_path / "s.png").is_file()
    within = [value for (i, j), value in cosine.items() if labels[i] == labels[j]]
    between = [value for (i, j), value in cosine.items() if labels[i] != labels[j]]
    assert agreement.within == pytest.approx(np.mean(within), abs=1e-6)
    assert agreement.between == pytest.approx(np.mean(between), abs=1e-6)
    assert set(agreement.per_class) == {"a", "b"}  # c has no pair
    assert agreement.per_class["b"] == pytest.approx(cosine[3, 4], abs=1e-6)
    assert agreement.within > 0.3 > 0 > agreement.between


def test_attention_weights_are_those_of_the_attention_network() -> None:
    torch.manual_seed(0)
    data, cpu = drawn_data(1, ("val",)), torch.device("cpu")
    sizes = Preprocessing(crop_size=20, input_size=16)
    card = ModelCard(
        name="d",
        architecture="dacl",
        arguments=DACL,
        attribution_layer="trunk",
        preprocessing=sizes,
    )
    model = create("dacl", 7, 1, 16, **DACL).eval()
    x = to_input(align_all(data, sizes).pixels, sizes)
    with torch.no_grad():
        expected = model.attention(model.trunk(x))  # type: ignore[operator]
    weights = attention_weights(model, card, data, cpu)
    assert weights is not None
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    for plain in (create("compact"), create("dacl", 7, 1, 16, **DACL, attention=False)):
        assert attention_weights(plain, card, data, cpu) is None


def test_all_figures_of_an_evaluation(tmp_path: Path) -> None:
    data = drawn_data(3, ("val",))
    model = create("dacl", 7, 1, 16, **DACL)
    card = ModelCard(
        name="d",
        architecture="dacl",
        arguments=DACL,
        attribution_layer="trunk",
        preprocessing=Preprocessing(crop_size=20, input_size=16),
    )
    cpu = torch.device("cpu")
    result = evaluate(model, card, data, cpu, out=tmp_path)
    files = write_evaluation_figures(tmp_path, model, card, data, cpu)
    names = ["confusion.png", "right.png", "wrong.png", "attention.png"]
    assert [file.name for file in files] == names
    page = (tmp_path / "report.html").read_text()
    for file in files:  # each is in the page, behind a checkbox that a click or Space changes
        picture = base64.b64encode(file.read_bytes()).decode()
        zoomed = (
            rf'<input type="checkbox"[^>]*><img src="data:image/png;base64,{re.escape(picture)}'
        )
        assert re.search(zoomed, page), file
    assert re.search(r"\.zoom input:checked \+ img \{[^}]*position: fixed", page)
    assert "<script" not in page
    shares = np.array(result["confusion"]) / 3
    grey = cell_colours(tmp_path / "confusion.png", 7)
    assert np.array_equal(grey == grey.min(), shares == shares.max())
    weights = attention_weights(model, card, data, cpu)
    assert weights is not None
    assert weights.shape == (21, 16)
    assert 0 < weights.min() < weights.max() < 1


def test_each_row_has_its_own_colour(tmp_path: Path) -> None:
    """As many of the palette's colours appear in the figures as there are runs."""
    runs = [made_run(tmp_path, n, [f"optim.epochs={e}"], (0.1 * e, 0.2 * e))
            for n, e in (("a", 1), ("b", 2))]  # fmt: skip
    rows = compare_records([read_run_record(run) for run in runs]).rows
    for draw in (learning_curves_figure, accuracy_complexity_figure):
        draw(rows, tmp_path / "p.png")
        picture = cv2.imread(str(tmp_path / "p.png"))[:, :, ::-1].reshape(-1, 3)
        used = [
            bool((picture == [int(c[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=1).any())
            for c in COLOURS[:6]
        ]
        assert used == [True, True, False, False, False, False]


def test_figures_need_a_folder(command, tmp_path: Path) -> None:
    data = str(tmp_path)
    done = command("trainer", "evaluate", "--model", "default", "--data", data, "--figures")
    assert done.returncode == 2
    assert "--out" in done.stderr
