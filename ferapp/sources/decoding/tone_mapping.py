"""High dynamic range to 8 bits: PQ and HLG pictures as an ordinary camera would show them.

1. Signal to light relative to the reference white of 203 cd/m² (ITU-R BT.2408): by the EOTF of PQ
   (SMPTE ST 2084), or by the inverse OETF of HLG (ITU-R BT.2100) and its OOTF for a display of
   1000 cd/m².
2. BT.2020 primaries to those of BT.709 (ITU-R BT.2087); what lies outside is clipped to 0.
3. The tone curve `y = x` up to the knee k, and `k + (1 − k)(1 − exp(−(x − k) / (1 − k)))` above, so
   that faces keep their brightness and highlights do not clip. It is applied to the largest of
   R, G, B, and all three are scaled alike: colours keep their hue.
4. The transfer function of sRGB (IEC 61966-2-1).
"""

from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Transfer = Literal["PQ", "HLG"]

REFERENCE_WHITE = 203.0  # cd/m²
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2  # cd/m² of the nominal display, and the exponent of its OOTF
HLG_LUMA = (0.2627, 0.6780, 0.0593)  # of BT.2020
KNEE = 0.6
CODE_BITS = 12  # of the table over signals; HDR video has 10 or 12
BRIGHTEST = 10_000 / REFERENCE_WHITE  # that PQ can say
STEPS = 4096  # of the table over the square root of light

TO_BT709 = np.array(
    [
        [1.6605, -0.5876, -0.0728],
        [-0.1246, 1.1329, -0.0083],
        [-0.0182, -0.1006, 1.1187],
    ]
)  # RGB of BT.2020 to RGB of BT.709, both linear


def tone_map(image: NDArray[np.uint16], transfer: Transfer) -> NDArray[np.uint8]:
    """(H, W, 3) BGR of 16 bits, full range, BT.2020, to BGR of 8 bits for BT.709 and sRGB."""
    light = np.take(_light_table(transfer), image >> (16 - CODE_BITS))
    if transfer == "HLG":
        blue_first = np.array([HLG_LUMA[::-1]], np.float32)
        gain = _look_up(_hlg_table(), np.asarray(cv2.transform(light, blue_first)), 1.0)
        light *= gain[..., None]
    channels = cv2.split(cv2.transform(light, TO_BT709[::-1, ::-1].astype(np.float32)))
    brightest = np.maximum(np.maximum(channels[0], channels[1]), channels[2])
    gain = _look_up(_gain_table(), brightest, BRIGHTEST)
    shown = [_look_up(_srgb_table(), channel * gain, 1.0) for channel in channels]
    return np.asarray(cv2.merge(shown), np.uint8)


def _look_up(table: NDArray[Any], light: NDArray[Any], largest: float) -> NDArray[Any]:
    """What a table over the square root of light, from 0 to that of `largest`, has for `light`."""
    scaled = light * np.float32(((STEPS - 1) ** 2) / largest)
    np.clip(scaled, 0, (STEPS - 1) ** 2, out=scaled)
    np.sqrt(scaled, out=scaled)
    scaled += 0.5
    return np.take(table, scaled.astype(np.uint16))


def tone_curve(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light relative to reference white, of any size, to 0 … 1."""
    room = 1 - KNEE
    rolled = KNEE + room * -np.expm1(-np.maximum(light - KNEE, 0) / room)
    return np.asarray(np.where(light <= KNEE, light, rolled))


def pq_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """cd/m² of a PQ signal 0 … 1 (SMPTE ST 2084)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = np.asarray(signal, np.float64) ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def hlg_scene_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scene light 0 … 1 of an HLG signal 0 … 1 (ITU-R BT.2100)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    signal = np.asarray(signal, np.float64)
    return np.asarray(np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12))


def srgb_signal(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signal 0 … 1 of linear light 0 … 1 (IEC 61966-2-1)."""
    light = np.asarray(light, np.float64)
    power = 1.055 * light ** (1 / 2.4) - 0.055
    return np.asarray(np.where(light <= 0.0031308, 12.92 * light, power))


@lru_cache(maxsize=2)
def _light_table(transfer: Transfer) -> NDArray[np.float32]:
    """Relative to reference white for PQ; scene light for HLG, whose OOTF mixes the channels."""
    codes = 1 << CODE_BITS
    signal = np.arange(codes) / (codes - 1)
    light = pq_light(signal) / REFERENCE_WHITE if transfer == "PQ" else hlg_scene_light(signal)
    return light.astype(np.float32)


def _steps(largest: float) -> NDArray[np.float64]:
    """Light at the steps of a table."""
    return np.asarray(largest * (np.arange(STEPS) / (STEPS - 1)) ** 2)


@lru_cache(maxsize=1)
def _hlg_table() -> NDArray[np.float32]:
    """The OOTF: what scene light is multiplied by, relative to reference white, by its luma."""
    gain = HLG_PEAK / REFERENCE_WHITE * _steps(1.0) ** (HLG_GAMMA - 1)
    return gain.astype(np.float32)


@lru_cache(maxsize=1)
def _gain_table() -> NDArray[np.float32]:
    """What the tone curve multiplies a pixel by, by its largest channel."""
    light = np.maximum(_steps(BRIGHTEST), 1e-9)
    return (tone_curve(light) / light).astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_table() -> NDArray[np.uint8]:
    """8-bit signal by light."""
    return np.rint(255 * srgb_signal(_steps(1.0))).astype(np.uint8)
