"""Tables of faces, written without a model."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ferapp.sources.recorded import RecordedTable
from ferapp.studies.output_note import Origin, content_hash
from ferapp.vision.face_table import table_head
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import AppliedModel
from trainer.files import write_json
from trainer.labels import EXPRESSIONS

NO_FACES = RecordedTable(
    file=Path("/r/faces.csv"),
    classes=EXPRESSIONS,
    numbers=(),
    times=(),
    files=(),
    first=np.zeros(1, np.int64),
    face_ids=np.empty(0, np.int64),
    boxes=np.empty((0, 4), np.float32),
    probabilities=np.empty((0, len(EXPRESSIONS)), np.float32),
    signals=np.empty((0, len(SIGNALS)), np.float32),
    measures=np.empty((0, 5), np.float32),
    valence_arousal=None,
    doubts=(),
)

FPS = 24  # of the clips that tables here are of


def shares_of(number: float) -> np.ndarray:
    """Probabilities of a frame; those of frames next to each other have other leaders."""
    shares = np.full(len(EXPRESSIONS), 0.1, np.float32)
    shares[round(5 * number) % len(EXPRESSIONS)] = 0.4
    return shares


def write_table(
    place: Path,
    frames: Iterable[float],
    *,
    every: int = 1,
    times: Sequence[float] | None = None,
    files: Sequence[str] = (),
) -> Path:
    """A finished table of `place`, a clip or folder: one face in each frame, and its note."""
    table = place.with_name(f"{place.stem}.csv")
    head = table_head(AppliedModel(EXPRESSIONS))
    end = head.index("detection_score")
    if files:
        head.insert(end, "file")
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, head, restval="")
        writer.writeheader()
        for i, number in enumerate(frames):
            time_s = times[i] if times else float(number) if files else number / FPS
            row: dict[str, object] = {"frame": number, "time_s": f"{time_s:.3f}", "face_id": 0}
            row |= dict(zip(("box_x", "box_y", "box_w", "box_h"), (5, 6, 20, 21), strict=True))
            shares = shares_of(number)
            row |= {"label": EXPRESSIONS[int(shares.argmax())], "confidence": f"{shares.max():.4f}"}
            row |= {f"p_{n}": f"{p:.4f}" for n, p in zip(EXPRESSIONS, shares, strict=True)}
            row |= {SIGNALS[0].column: "0.2500", "turned_deg": "41.0", "doubts": "turned;unsure"}
            writer.writerow(row | ({"file": files[i]} if files else {}))
    size = place.stat().st_size if place.is_file() else 0
    origin = Origin(
        source=place.name,
        content=content_hash([(place.name, size)]),
        model="default",
        model_sha256="",
        prior="trained",
        every=every,
        faces=8,
        small_faces="auto",
        rotate=0,
    )
    note = asdict(origin) | {"path": str(place), "finished": "2026-11-24T20:00:00+0000"}
    write_json(Path(f"{table}.json"), note)
    return table
