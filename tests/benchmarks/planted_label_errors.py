"""How many planted label errors `fertrain labels` finds among its first suspects.

    uv run python tests/benchmarks/planted_label_errors.py FER2013_FOLDER [--photographs MUXSPACE]

FER2013_FOLDER has fer2013.csv and ferplus_votes.csv. 4,000 training rows on which at least 8 of
FERPlus's 10 taggers agree with the label are drawn at random, and 200 of their labels are replaced
by another class. The command `fertrain labels` reads them as a data set like any other. Printed is
how many of its first 200 suspects are planted, for three seeds, as a table in Markdown.

The bundled `default` has learned these pictures and their votes, so its features know the truth.
With --photographs a small net is trained first, from random weights on muxspace's photographs alone
(`muxspace/labels.csv`), and its features, which never met FER2013, are measured beside. --unseen
takes the run of such a net instead. Not collected by pytest.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

import trainer
from tests.benchmarks.photographs import list_photographs
from tests.support import ROOT
from trainer.data.face_data import FaceData, save
from trainer.data.label_noise import flip_labels
from trainer.data.prepare import open_data
from trainer.evaluation.label_errors import read_suspects
from trainer.labels import canonical

ROWS, PLANTED, AGREEING, SEEDS = 4000, 200, 8, 3
EPOCHS = {"optim.epochs": 6}


@dataclass(frozen=True, slots=True)
class Found:
    """Of the planted errors, those among the first PLANTED suspects, and among all of them."""

    first: int
    suspects: int
    planted_suspects: int
    named: int  # of the planted suspects, those whose true class is suggested
    estimated: float


def agreed_rows(data: FaceData, votes: Path) -> FaceData:
    """The training rows where at least AGREEING taggers chose the label."""
    with votes.open(encoding="utf-8", newline="") as stream:
        table = [
            {canonical(name): int(count) for name, count in row.items() if canonical(name)}
            for row in csv.DictReader(stream)
        ]
    train = data.of_split("train")
    agree = [
        table[row].get(train.classes[label], 0) >= AGREEING
        for row, label in zip(train.source_index.tolist(), train.label.tolist(), strict=True)
    ]
    return train.select(np.array(agree))


def measure(folder: Path, true: dict[str, str], features: str) -> Found:
    table = folder / "suspects.csv"
    command = ["labels", "--data", str(folder), "--features", features, "--out", str(table)]
    done = subprocess.run(
        [sys.executable, "-m", "trainer", *command, "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if done.returncode:
        sys.exit(f"fertrain {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    suspects = read_suspects(table)
    planted = [each for each in suspects if true[each.sample_id] != each.label]
    return Found(
        first=sum(true[each.sample_id] != each.label for each in suspects[:PLANTED]),
        suspects=len(suspects),
        planted_suspects=len(planted),
        named=sum(each.suggested == true[each.sample_id] for each in planted),
        estimated=result["estimated_error_rate"],
    )


def main(data: Path, unseen: str) -> None:
    agreed = agreed_rows(open_data(data / "fer2013.csv"), data / "ferplus_votes.csv")
    models = {"`default`": "default"} | ({"a net of photographs": unseen} if unseen else {})
    print(
        f"{ROWS:,} of {len(agreed):,} rows on which {AGREEING} of 10 taggers agree, {PLANTED} "
        f"labels replaced ({PLANTED / ROWS:.1%}); {date.today()}, {os.cpu_count()} cores\n"
    )
    print(
        f"| features | seed | of the first {PLANTED} | suspects | planted ones | true class | "
        "estimated error rate |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for name, model in models.items():
        shares = []
        for seed in range(SEEDS):
            drawn = np.random.default_rng(seed).permutation(len(agreed))[:ROWS]
            clean = agreed.select(np.sort(drawn))
            given = flip_labels(clean, PLANTED / ROWS, seed)
            names = [clean.classes[label] for label in clean.label]
            true = dict(zip(clean.sample_id.tolist(), names, strict=True))
            with tempfile.TemporaryDirectory() as folder:
                save(replace(given, name="planted"), Path(folder))
                found = measure(Path(folder), true, model)
            shares.append(found.first / PLANTED)
            print(
                f"| {name} | {seed} | {found.first} = {shares[-1]:.1%} | {found.suspects} | "
                f"{found.planted_suspects} | {found.named} | {found.estimated:.1%} |",
                flush=True,
            )
        print(f"| {name} | mean | **{statistics.mean(shares):.1%}** | | | | |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="FER2013_FOLDER")
    parser.add_argument("--photographs", type=Path, metavar="MUXSPACE", help="folder of labels.csv")
    parser.add_argument("--unseen", default="", metavar="MODEL")
    given = parser.parse_args()
    net = given.unseen
    if given.photographs and not net:
        pictures = list_photographs(given.photographs / "labels.csv")
        net = str(trainer.train(pictures, "twin/ce", set=EPOCHS, name="photographs").path)
    main(given.data, net)
