"""What an evaluation returns."""

import json

import torch

from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard
from trainer.evaluation.evaluate import evaluate
from trainer.models import create


def test_what_needs_landmarks_is_left_out_where_there_are_none() -> None:
    """And no number that JSON does not know stands in its place."""
    options = {"widths": [8, 16], "blocks": [1, 1]}
    card = ModelCard("small", "compact", options, "stages")
    result = evaluate(
        create("compact", **options),
        card,
        drawn_data(2).without_landmarks(),
        torch.device("cpu"),
        explain=True,
    )
    assert not {"landmark_r", "votes"} & result.keys()
    json.dumps(result, allow_nan=False)
