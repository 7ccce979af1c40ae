"""Draws the example of `assets/stimuli`: six pictures, none of them anybody's.

`python -m tests.support.example.make_stimuli assets/stimuli`
"""

import math
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, FINE = (480, 360), 4  # px, and how much finer it is drawn
SKY, NIGHT, SAND, GREY = "#bfe3ff", "#2b2f3a", "#e9d8a6", "#9aa3ad"


def canvas(colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (SIZE[0] * FINE, SIZE[1] * FINE), colour)
    return picture, ImageDraw.Draw(picture)


def disc(draw: ImageDraw.ImageDraw, x: float, y: float, r: float, colour: str) -> None:
    draw.ellipse([FINE * (x - r), FINE * (y - r), FINE * (x + r), FINE * (y + r)], fill=colour)


def sun() -> Image.Image:
    picture, draw = canvas(SKY)
    for ray in range(12):
        turn = math.tau * ray / 12
        ends = [(240 + r * math.cos(turn), 170 + r * math.sin(turn)) for r in (105, 145)]
        draw.line([(FINE * x, FINE * y) for x, y in ends], "#f2a900", 9 * FINE)
    disc(draw, 240, 170, 85, "#ffd23f")
    return picture


def balloons() -> Image.Image:
    picture, draw = canvas(SKY)
    for x, y, colour in ((150, 120, "#ef476f"), (240, 90, "#06d6a0"), (330, 125, "#7b61ff")):
        draw.line([(FINE * x, FINE * y), (FINE * 240, FINE * 340)], "#5b6470", 2 * FINE)
        disc(draw, x, y, 52, colour)
        disc(draw, x - 17, y - 18, 10, "#ffffff")
    return picture


def lightning() -> Image.Image:
    picture, draw = canvas(NIGHT)
    for x, y, r in ((150, 90, 55), (215, 70, 65), (290, 85, 58), (345, 105, 42)):
        disc(draw, x, y, r, "#59616f")
    bolt = [(250, 140), (195, 240), (240, 240), (210, 335), (305, 215), (255, 215), (290, 140)]
    draw.polygon([(FINE * x, FINE * y) for x, y in bolt], "#ffd23f")
    return picture


def broken_cup() -> Image.Image:
    picture, draw = canvas("#5d4a44")
    left = [(150, 110), (225, 110), (205, 165), (235, 205), (210, 270), (175, 270)]
    right = [(262, 122), (330, 135), (300, 285), (240, 275), (262, 212), (236, 170)]
    for piece in (left, right):
        draw.polygon([(FINE * x, FINE * y) for x, y in piece], "#e8e3dc")
    draw.rectangle([FINE * 60, FINE * 290, FINE * 420, FINE * 300], "#3d302c")
    return picture


def boxes() -> Image.Image:
    picture, draw = canvas(GREY)
    for x, y, side in ((120, 190, 90), (225, 150, 130), (365, 215, 60)):
        draw.rectangle([FINE * x, FINE * y, FINE * (x + side), FINE * (y + side)], "#6d7680")
    return picture


def stool() -> Image.Image:
    picture, draw = canvas(SAND)
    draw.rectangle([FINE * 150, FINE * 140, FINE * 330, FINE * 170], "#8a6b4a")
    for x in (165, 300):
        draw.rectangle([FINE * x, FINE * 170, FINE * (x + 15), FINE * 300], "#6f5539")
    return picture


PICTURES = (
    (sun, "pleasant"),
    (broken_cup, "unpleasant"),
    (boxes, "neutral"),
    (balloons, "pleasant"),
    (lightning, "unpleasant"),
    (stool, "neutral"),
)


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file,seconds,fixation,condition"]
    for draw, condition in PICTURES:
        name = f"{draw.__name__.replace('_', '-')}.png"
        small = draw().resize(SIZE, Image.Resampling.LANCZOS)
        small.quantize(32).save(folder / name, optimize=True)
        lines.append(f"{name},2,1,{condition}")
    (folder / "stimuli.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
