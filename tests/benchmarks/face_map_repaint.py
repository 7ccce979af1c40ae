"""How long the face map takes to repaint with 30,000 faces, while one pans and zooms.

    python tests/benchmarks/face_map_repaint.py [REPAINTS]

Offscreen at 1280 × 720, seven clusters, every repaint at another place; at the closest zoom,
thumbnails of 48 × 48 px. Prints one JSON object: milliseconds at p50 and p95 for each way of
moving, and how many faces were in view.
"""

import json
import os
import sys
import time
from collections.abc import Callable

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
from PySide6.QtWidgets import QApplication

from ferapp.ui.face_map.map_canvas import MapCanvas
from ferapp.ui.face_map.point_colours import PointColours
from ferapp.ui.face_map.viewport import Viewport
from ferapp.ui.widgets import theme

FACES, SIZE = 30_000, (1280, 720)
MIDDLE = SIZE[0] / 2, SIZE[1] / 2


def make_canvas(app: QApplication) -> MapCanvas:
    draw = np.random.default_rng(0)
    classes = draw.integers(0, 7, FACES)
    centres = draw.normal(0, 30, (7, 2))
    positions = (centres[classes] + draw.normal(0, 12, (FACES, 2))).astype(np.float32)
    pictures = draw.integers(0, 256, (100, 48, 48), np.uint8)
    canvas = MapCanvas(lambda row: [f"Face {row}"])
    canvas.resize(*SIZE)
    canvas.show()
    app.processEvents()
    canvas.open(lambda row: pictures[row % 100])
    canvas.show_positions(positions)
    canvas.show_rows(np.arange(FACES))
    colours = np.array([0xFF5577AA + 0x101010 * k for k in range(7)], np.uint32)[classes]
    canvas.show_colours(PointColours(colours, np.zeros(FACES, bool)))
    return canvas


def repaint_ms(
    app: QApplication,
    canvas: MapCanvas,
    start: Viewport,
    move: Callable[[Viewport], Viewport],
    repaints: int,
) -> dict[str, float | list[int]]:
    canvas.show_viewport(start)
    canvas.repaint()
    if canvas.shows_thumbnails:  # they are read in a thread
        until = time.monotonic() + 2
        while time.monotonic() < until:
            app.processEvents()
    taken, seen = list[float](), list[int]()
    for _ in range(repaints):
        began = time.perf_counter()
        canvas.show_viewport(move(canvas.viewport))
        canvas.repaint()
        taken.append(1000 * (time.perf_counter() - began))
        seen.append(len(canvas.rows_in_view))
    p50, p95 = np.percentile(taken, [50, 95])
    return {
        "p50": round(float(p50), 1),
        "p95": round(float(p95), 1),
        "in_view": [min(seen), max(seen)],
    }


def main(repaints: int) -> None:
    app = QApplication([])
    theme.apply_theme(app, "dark")
    canvas = make_canvas(app)
    canvas.fit()
    whole = canvas.viewport
    parts = {
        "pan_all": (whole, lambda v: v.panned(1, 0)),
        "zoom_all_to_points": (whole, lambda v: v.zoomed(1.02, *MIDDLE)),
        "pan_at_8": (whole.zoomed(8, *MIDDLE), lambda v: v.panned(2, 1)),
        "pan_thumbnails": (whole.zoomed(40, *MIDDLE), lambda v: v.panned(1, 0)),
    }
    result = {
        name: repaint_ms(app, canvas, start, move, repaints)
        for name, (start, move) in parts.items()
    }
    canvas.thumbnails.close()
    print(json.dumps({"faces": FACES, "repaint_ms": result}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
