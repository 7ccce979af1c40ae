"""Searching runs: words, tags and limits."""

import math
from pathlib import Path

import pytest

from ferapp.runs.run_query import parse_query
from trainer.reports.run_list.run_rows import RunRow
from trainer.training.run_about import RunAbout

ROW = RunRow(
    Path("20261124-101500-pal"),
    "done",
    RunAbout(("night", "long run"), "Try a lower rate"),
    data="/data/fer2013.csv",
    network="compact",
    seed=3,
    best_epoch=16,
    n=3589,
    figures={"accuracy": 0.648, "macro_f1": 0.62, "ece": math.nan},
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("PAL done", True),
        ("pal failed", False),
        ("fer2013 lower", True),
        ("tag:night", True),
        ("tag:nigh", False),
        ("accuracy>64", True),
        ("accuracy>64.8", False),
        ("accuracy>=64.8%", True),
        ("mean<100", False),  # not known
        ("ece<1", False),
        ("f1>0.6 epoch=16 seed=3 n>1000", True),
        ("f1>0.6 seed=4", False),
        ("accuracy>", False),  # a word, which is nowhere
    ],
)
def test_a_run_matches_every_part(text: str, matches: bool) -> None:
    assert parse_query(text).matches(ROW, "pal") is matches
