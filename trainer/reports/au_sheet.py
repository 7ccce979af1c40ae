"""Sheets of faces with the action units of their class, to check that they are in place."""

from pathlib import Path

import numpy as np
import torch

from trainer.card import Preprocessing
from trainer.data.crops import align_all, centre
from trainer.data.face_data import FaceData
from trainer.faces.action_units import CODEBOOKS, au_heatmap, au_valid, expressions_of
from trainer.labels import EXPRESSIONS
from trainer.reports.explanation_report import enlarge_maps
from trainer.reports.map_figures import map_sheet

COLUMNS, ROWS = 8, 4
SIZES = Preprocessing(crop_size=112, input_size=112)


def write_au_sheets(data: FaceData, out: Path) -> list[Path]:
    """`action-units-<class>.png` for each class that has units and samples with landmarks."""
    files = []
    for label, name in enumerate(data.classes):
        rows = np.flatnonzero((data.label == label) & data.has_landmarks)[: COLUMNS * ROWS]
        expression = expressions_of([name])
        if not len(rows) or not bool(au_valid(expression)):
            continue
        crops = align_all(data.select(rows), SIZES)
        heat = enlarge_maps(
            au_heatmap(crops.landmarks, SIZES.crop_size, expression.expand(len(rows)))
        )
        faces = enlarge_maps(centre(crops.pixels[torch.arange(len(rows))], SIZES.input_size))
        units = ", ".join(f"AU{unit}" for unit in CODEBOOKS["facs"][EXPRESSIONS[int(expression)]])
        files.append(out / f"action-units-{name}.png")
        map_sheet(
            list(zip(faces, heat, strict=True)),
            [str(row) for row in data.source_index[rows]],
            files[-1],
            columns=("",) * COLUMNS,
            title=f"{name}: {units}",
        )
    return files
