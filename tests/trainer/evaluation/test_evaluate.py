"""The result of an evaluation."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard
from trainer.errors import UsageError
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.evaluation_document import condition_text
from trainer.evaluation.intervals import bootstrap_intervals, wilson
from trainer.evaluation.metrics import calibration, softmax
from trainer.labels import EXPRESSIONS
from trainer.models import create


def test_metrics_without_landmarks_or_votes_are_left_out() -> None:
    """They are not NaN, which JSON does not have."""
    options = {"widths": [8, 16], "blocks": [1, 1]}
    card = ModelCard(
        name="small", architecture="compact", arguments=options, attribution_layer="stages"
    )
    result = evaluate(
        create("compact", **options),
        card,
        drawn_data(2).without_landmarks(),
        torch.device("cpu"),
        explain=True,
    )
    assert not {"landmark_r", "votes"} & result.keys()
    json.dumps(result, allow_nan=False)


def test_metrics_say_what_they_are_of(tmp_path: Path) -> None:
    options = {"widths": [8, 16], "blocks": [1, 1]}
    card = ModelCard(
        name="small",
        architecture="compact",
        arguments=options,
        attribution_layer="stages",
        temperature=1.5,
        metrics={"epoch": 12, "accuracy": 0.4},
    )
    data = drawn_data(3).of_split("val")
    result = evaluate(create("compact", **options), card, data, torch.device("cpu"), out=tmp_path)
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert (written["epoch"], written["split"], written["n"]) == (12, "val", 21)
    assert written["temperature"] == 1.5
    with np.load(tmp_path / "predictions.npz") as predictions:
        logits = predictions["logits"]
    expected = bootstrap_intervals(logits, data.label, 1.5)
    assert written["intervals"] == {name: list(pair) for name, pair in expected.items()}
    row = written["per_class"]["happy"]
    assert row["interval"] == list(wilson(round(3 * row["accuracy"]), 3))
    conditions = "val, epoch 12, n 21, ECE calibrated with temperature 1.5"
    assert condition_text(result) == conditions
    report = (tmp_path / "report.md").read_text()
    assert conditions[1:] in report
    low, high = (100 * limit for limit in expected["accuracy"])
    assert f"accuracy {100 * result['accuracy']:.1f} % ({low:.1f} to {high:.1f})" in report
    page = (tmp_path / "report.html").read_text()
    assert conditions[1:] in page
    tables = re.findall(r'<div class="wide"><table>(.*?)</table></div>', page, re.DOTALL)
    assert len(tables) == page.count("<table") == 2  # each scrolls by itself where it is too wide
    cells = [re.findall(r"<td>(\d+)</td>", row) for row in tables[1].split("<tr>")[2:]]
    assert [list(map(int, row)) for row in cells] == result["confusion"]


SHARES = dict(zip(EXPRESSIONS, (0.1, 0.02, 0.08, 0.4, 0.1, 0.1, 0.2), strict=True))


def test_predictions_metrics_and_files_follow_the_prior(tmp_path: Path) -> None:
    options = {"widths": [8, 16], "blocks": [1, 1]}
    card = ModelCard(
        name="small",
        architecture="compact",
        arguments=options,
        attribution_layer="stages",
        prior=SHARES,
        temperature=2.0,
    )
    torch.manual_seed(0)
    model, data, device = create("compact", **options), drawn_data(3), torch.device("cpu")
    results, predictions = {}, {}
    target = dict.fromkeys(EXPRESSIONS, 0.01) | {"disgust": 0.94}
    for name, prior in (("trained", "trained"), ("balanced", "balanced"), ("given", target)):
        out = tmp_path / name
        results[name] = evaluate(model, card, data, device, prior=prior, explain=True, out=out)
        predictions[name] = dict(np.load(out / "predictions.npz"))
        written = json.loads((out / "metrics.json").read_text())
        assert written["accuracy"] == results[name]["accuracy"]
    raw, train = predictions["trained"]["logits"], np.log(list(SHARES.values()))
    assert not predictions["trained"]["prior_shift"].any()
    balanced, shift = (predictions["balanced"][key] for key in ("logits", "prior_shift"))
    np.testing.assert_allclose(shift, np.log(1 / 7) - train)
    np.testing.assert_allclose(balanced, raw - train + np.log(1 / 7), rtol=1e-5, atol=1e-6)
    hits = balanced.argmax(axis=1) == data.label
    assert results["balanced"]["accuracy"] == pytest.approx(hits.mean())
    ece = calibration(softmax(balanced, 2.0), data.label).error
    assert results["balanced"]["ece"] == pytest.approx(ece)
    # of an audience of disgusted people everybody is taken for disgusted, explanations included
    confusion = np.array(results["given"]["confusion"])
    assert confusion[:, 1].sum() == len(data)
    assert results["given"]["landmark_r"] != results["trained"]["landmark_r"]
    assert "prior: balanced" in (tmp_path / "balanced" / "report.md").read_text()
    stated = json.loads((tmp_path / "given" / "metrics.json").read_text())["prior"]
    assert stated == pytest.approx(target)
    with pytest.raises(UsageError, match="small does not say"):
        evaluate(model, card.model_copy(update={"prior": {}}), data, device, prior="balanced")
