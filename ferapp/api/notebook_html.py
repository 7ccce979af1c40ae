"""Faces as HTML, which notebooks show: the crop that the model sees, and its probabilities."""

import base64
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from ferapp.api.face_result import Face

CROP_PX = 96
BAR_PX = 110  # of the probability 1
STYLE = "display:inline-flex;gap:12px;align-items:center;margin:4px 20px 8px 0;vertical-align:top"


def faces_html(faces: "Iterable[Face]") -> str:
    """All faces side by side; a sentence where there is none."""
    return "".join(map(face_html, faces)) or "<p>No face was found in this picture.</p>"


def face_html(face: "Face") -> str:
    """One face; colours follow the notebook's text, so that dark pages are legible too."""
    rows = "".join(
        f'<tr style="background:none"><td style="text-align:left;padding:0 8px 0 0;'
        f'font-weight:{600 if name == face.label else 400}">{html.escape(name)}</td>'
        f'<td style="text-align:left;padding:0"><div style="height:9px;width:{BAR_PX * p:.0f}px;'
        f'min-width:1px;background:#e0662d;border-radius:2px"></div></td>'
        f'<td style="text-align:right;padding:0 0 0 8px">{100 * p:.0f}&nbsp;%</td></tr>'
        for name, p in face.probabilities.items()
    )
    doubts = ", ".join(face.quality.doubts).replace("_", " ")
    note = f'<div style="opacity:.75">In doubt: {html.escape(doubts)}</div>' if doubts else ""
    return (
        f'<div style="{STYLE}"><img src="{_crop_uri(face)}" width="{CROP_PX}" height="{CROP_PX}" '
        f'alt="The face as the model sees it" style="border-radius:6px">'
        f"<div><strong>{html.escape(face.label)} {100 * face.confidence:.0f}&nbsp;%</strong>{note}"
        f'<table style="border:none;line-height:1.25;margin:2px 0 0">{rows}</table></div></div>'
    )


def _crop_uri(face: "Face") -> str:
    pixels = face.origin.crops.input_crop.pixels
    if pixels.ndim == 3:
        pixels = pixels[..., ::-1]  # OpenCV writes BGR
    big = cv2.resize(pixels, (2 * CROP_PX, 2 * CROP_PX), interpolation=cv2.INTER_CUBIC)
    encoded = cv2.imencode(".png", big)[1]
    return f"data:image/png;base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"
