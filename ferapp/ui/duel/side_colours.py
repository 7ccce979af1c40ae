"""The colours of both sides, and of the map that shows where they differ."""

import numpy as np
from PySide6.QtGui import QColor

from ferapp.overlays.colour_maps import map_palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.sides import A

PALETTE = "green_violet"  # no explanation by default looks like it
OTHER_PALETTE = "blue_red"  # for those who chose that palette for the explanations


def difference_palette(style: OverlayStyle) -> str:
    return OTHER_PALETTE if style.palette == PALETTE else PALETTE


def side_colour(letter: str, style: OverlayStyle) -> QColor:
    """The colour of what that side has more of in the map of the difference."""
    end = np.array([1.0 if letter == A else -1.0], np.float32)
    return QColor(*map_palette(difference_palette(style)).signed(end)[0].tolist())
