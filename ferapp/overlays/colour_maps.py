"""Attribution maps to colours: palettes of even lightness, arrays in, arrays out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Lightness rises evenly with the magnitude on both sides, so the ramps read the same without
# colours. Warm speaks for the class, cool against it.
_WARM = np.array([[122, 4, 80], [196, 22, 72], [240, 84, 36], [255, 160, 20], [255, 240, 130]])
_COOL = np.array([[20, 24, 140], [26, 70, 190], [30, 128, 214], [70, 190, 232], [190, 246, 255]])
_LEVELS = 255
_VALUES = 2 * _LEVELS + 1
_FADE_STEPS = 64
FADE = 0.1  # of a map's side, at each edge

Ramp = Callable[[NDArray[np.float32]], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class MapPalette:
    """`signed` takes -1…1 and `strength` takes 0…1, of any shape (…), to RGB (…, 3)."""

    title: str
    signed: Ramp
    strength: Ramp


def warm_cool_ramp(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values in -1…1 of any shape (…) → RGB (…, 3), by sign and magnitude."""
    magnitude = np.clip(np.abs(values), 0, 1)
    stops = np.linspace(0, 1, len(_WARM))
    positive = (values >= 0)[..., None]
    warm = np.stack([np.interp(magnitude, stops, _WARM[:, i]) for i in range(3)], axis=-1)
    cool = np.stack([np.interp(magnitude, stops, _COOL[:, i]) for i in range(3)], axis=-1)
    return np.where(positive, warm, cool).round().astype(np.uint8)


@lru_cache(maxsize=1)
def colour_tables() -> dict[str, NDArray[np.uint8]]:
    """Perceptually uniform maps (Kovesi 2015, matplotlib) by name, RGB (256, 3) each."""
    tables = {}
    for line in Path(__file__).with_name("colour_tables.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, colours = line.split()
            tables[name] = np.frombuffer(bytes.fromhex(colours), np.uint8).reshape(-1, 3)
    return tables


def _tabulated(name: str, low: float) -> Ramp:
    """The colour table `name` over `low`…1."""

    def colours(values: NDArray[np.float32]) -> NDArray[np.uint8]:
        index = np.rint((np.clip(values, low, 1) - low) / (1 - low) * _LEVELS).astype(np.intp)
        return np.asarray(colour_tables()[name][index], np.uint8)

    return colours


MAP_PALETTES: dict[str, MapPalette] = {
    "ember": MapPalette("Warm and cool", warm_cool_ramp, warm_cool_ramp),
    "blue_red": MapPalette("Blue and red", _tabulated("CET-D1", -1), _tabulated("magma", 0)),
    "blue_yellow": MapPalette(
        "Blue and yellow", _tabulated("CET-CBD1", -1), _tabulated("cividis", 0)
    ),
    "green_violet": MapPalette(
        "Green and violet", _tabulated("CET-D2", -1), _tabulated("viridis", 0)
    ),
}


def map_palette(name: str) -> MapPalette:
    """The palette of that name; the first one for an unknown name, as in old settings."""
    return MAP_PALETTES.get(name, MAP_PALETTES["ember"])


def normalise_map(attribution: NDArray[np.float32], full_scale: float = 0.0) -> NDArray[np.float32]:
    """The map divided by `full_scale` (0: by its own peak) and clipped to -1…1."""
    finite = np.nan_to_num(attribution, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    peak = full_scale or float(np.abs(finite).max(initial=0.0))
    return np.clip(finite / np.float32(peak), -1, 1) if peak > 0 else finite


@lru_cache(maxsize=8)
def _table(name: str, signed: bool, opacity: float) -> NDArray[np.uint32]:
    """Premultiplied BGRA, one word each, of the values -1…1 in steps of 1/_LEVELS.

    One row of _VALUES words for each step of the fade, from invisible to full.
    """
    values = np.linspace(-1, 1, _VALUES, dtype=np.float32)
    alpha = np.abs(values)[:, None] * min(max(opacity, 0.0), 1.0)
    palette = map_palette(name)
    rgb = palette.signed(values) if signed else palette.strength(np.abs(values))
    bgra = np.concatenate([rgb[:, ::-1] * alpha, 255 * alpha], axis=1)
    rows = np.linspace(0, 1, _FADE_STEPS + 1)[:, None, None] * bgra
    table: NDArray[np.uint32] = np.rint(rows).astype(np.uint8).view(np.uint32).ravel()
    return table


def attribution_image(
    values: NDArray[np.float32],
    opacity: float,
    name: str = "ember",
    *,
    signed: bool = True,
    fades: bool = False,
) -> NDArray[np.uint8]:
    """A map in -1…1 (S, S) → premultiplied BGRA (S, S, 4), alpha = |value| · opacity.

    Premultiplied, so that smooth scaling does not bleed in the colour of invisible pixels.
    `fades`: the alpha falls to 0 at the edges, see `fade`.
    """
    step = _fade_rows(len(values)) if fades else np.int32(_FADE_STEPS * _VALUES)
    index = (values * np.float32(_LEVELS) + np.float32(_LEVELS + 0.5)).astype(np.int32)  # rounds
    pixels: NDArray[np.uint32] = _table(name, signed, opacity)[index + step]
    return pixels.view(np.uint8).reshape(*values.shape, 4)


def fade(side: int) -> NDArray[np.float64]:
    """Visibility (side, side) of a map: 1 inside, falling smoothly to 0 over FADE at each edge.

    Attributions often end at a crop's edge only because the crop does: a hard edge across a face
    would look like evidence.
    """
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) / max(FADE * side, 1)
    ramp = np.clip(distance, 0, 1)
    smooth = ramp * ramp * (3 - 2 * ramp)
    return np.outer(smooth, smooth)


@lru_cache(maxsize=8)
def _fade_rows(side: int) -> NDArray[np.int32]:
    """Where in `_table` the row of each pixel's visibility begins, (side, side)."""
    return np.rint(fade(side) * _FADE_STEPS).astype(np.int32) * _VALUES


def upsample_map(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """A square map (S, S) → (S·factor, S·factor), cubic, edges replicated, clipped to -1…1.

    Values are interpolated before they become colours. Interpolating colours would show the cells
    as diamonds once the map is drawn at several times its size.
    """
    return np.clip(_stretch_rows(_stretch_rows(values, factor).T, factor).T, -1, 1)


def _stretch_rows(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """(S, W) → (S·factor, W). Four taps per row; a matrix product would start BLAS threads."""
    rows, weights = _cubic_taps(len(values), factor)
    tall: NDArray[np.float32] = weights[0] * values[rows[0]]
    for tap in (1, 2, 3):
        tall += weights[tap] * values[rows[tap]]
    return tall


@lru_cache(maxsize=8)
def _cubic_taps(size: int, factor: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Rows (4, n) and weights (4, n, 1) of Keys' cubic convolution, a = -1/2, centres aligned."""
    position = (np.arange(size * factor) + 0.5) / factor - 0.5
    taps = np.floor(position).astype(np.intp) + np.arange(-1, 3)[:, None]
    distance = np.abs(position - taps)
    inner = 1.5 * distance**3 - 2.5 * distance**2 + 1
    outer = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance <= 1, inner, outer).astype(np.float32)
    return np.clip(taps, 0, size - 1), weights[..., None]
