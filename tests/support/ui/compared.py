"""Analyses with the predictions of two sides."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.types import Analysis, AppliedModel, Attribution
from tests.support.ui.fake_engine import MODEL, SIZE, analysis, face, prediction
from trainer.labels import EXPRESSIONS


def full_map(value: float = 1.0) -> NDArray[np.float32]:
    return np.full((SIZE, SIZE), value, np.float32)


def half_map(side: str) -> NDArray[np.float32]:
    """1 in the left or right half of the crop, 0 elsewhere."""
    values = np.zeros((SIZE, SIZE), np.float32)
    values[:, : SIZE // 2] = 1
    return values if side == "left" else values[:, ::-1].copy()


def compared(
    answers: tuple[str, str] = ("happy", "sad"),
    maps: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    index: int = 0,
    methods: tuple[str, str] = ("grad_x_input", "grad_x_input"),
    size: tuple[int, int] = (320, 240),
    segment: int = 0,
) -> Analysis:
    """One face; A says the first answer with 87 %, B the second one with 60 %.

    A's map speaks for its answer everywhere, B's against it, unless `maps` are given.
    """
    one = face(name=answers[0])
    assert one.crop is not None
    regions = np.zeros((SIZE, SIZE), np.uint8)
    sides = []
    for answer, share, values, method in zip(
        answers, (0.87, 0.6), maps or (full_map(), full_map(-1)), methods, strict=True
    ):
        target = (EXPRESSIONS.index(answer),)
        attribution = Attribution(values[None], target, regions, one.crop.from_frame)
        model = AppliedModel(EXPRESSIONS, method)
        sides.append(prediction(answer, share, attribution=attribution, model=model))
    shown = analysis(replace(one, predictions=tuple(sides)), index=index, size=size)
    frame = replace(shown.frame, segment=segment)
    return replace(shown, frame=frame, models=(MODEL, MODEL))
