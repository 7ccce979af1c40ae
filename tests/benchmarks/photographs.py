"""muxspace's photographs (LFW, IMFDB; noisy labels) as a list that `fertrain prepare` reads.

    python tests/benchmarks/photographs.py muxspace/labels.csv

Writes `photographs.csv` beside the list of pictures (columns `file,emotion,source_name`): 60 of
100 people are for training and nobody is in both splits. Contempt is left out.
"""

import csv
import hashlib
import re
import sys
from pathlib import Path

from trainer.labels import canonical


def split_of(picture: str) -> str:
    """By the person, whose name comes before the picture's number."""
    person = re.sub(r"_\d+\.jpg$", "", picture)
    return "train" if int(hashlib.sha1(person.encode()).hexdigest(), 16) % 100 < 60 else "val"


def list_photographs(labels: Path) -> Path:
    """Write the list; returns its path."""
    with labels.open(encoding="utf-8", newline="") as stream:
        rows = [
            (row["file"], label, split_of(row["source_name"]))
            for row in csv.DictReader(stream)
            if (label := canonical(row["emotion"])) is not None
        ]
    out = labels.with_name("photographs.csv")
    with out.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("file", "label", "split"), *rows])
    print(f"{out}: {len(rows)} pictures")
    return out


if __name__ == "__main__":
    list_photographs(Path(sys.argv[1]))
