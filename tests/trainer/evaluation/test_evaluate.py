"""The result of an evaluation."""

import json

import torch

from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard
from trainer.evaluation.evaluate import evaluate
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
