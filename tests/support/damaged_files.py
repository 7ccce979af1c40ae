"""Sound files of each kind that the app opens, damage to them, and what opening them must not do.

Opening a damaged file may succeed, or fail with an error for a person; anything else is a fault.
"""

import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ferapp.live.engine import open_source
from tests.support.sources.encoded import GREYS, Coding, grey, write_encoded
from tests.support.trainer.drawn import fer2013_row
from trainer.data.array_files import read_arrays
from trainer.data.prepare import prepare
from trainer.errors import FerError
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.models.model_file import load_model

PICTURES = ("png", "jpeg", "webp", "avif", "gif", "tiff", "bmp", "ppm", "jp2")
VIDEOS = ("mp4", "mkv", "avi", "ts", "mov")
MAX_FRAMES = 60


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file that can be opened, and how; `folder` is for what opening it writes."""

    path: Path
    open: Callable[[Path, Path], None]


def write_sound_files(folder: Path) -> list[SoundFile]:
    """Of each kind: pictures, animations, videos, a table, archives, arrays, a model."""
    files = [
        *(SoundFile(path, open_as_source) for path in _pictures(folder)),
        *(SoundFile(path, open_as_source) for path in _videos(folder)),
        *(SoundFile(path, open_as_data) for path in _data_sets(folder)),
    ]
    np.savez_compressed(folder / "a.npz", image=grey(90), text=np.array(["a", "b"]))
    files.append(SoundFile(folder / "a.npz", open_as_arrays))
    files.append(SoundFile(asset("models/compact.safetensors"), open_as_model))
    return files


def open_damaged(file: SoundFile, seed: int, folder: Path) -> str:
    """Damage a copy of `file` and open it: "opened", or what was told. Other errors are raised."""
    content = damage(file.path.read_bytes(), random.Random(seed))
    copy = folder / f"{seed}{file.path.suffix}"
    copy.write_bytes(content)
    try:
        file.open(copy, folder / f"{seed}-out")
    except FerError as error:
        return str(error)
    finally:
        copy.unlink()
    return "opened"


def damage(content: bytes, rng: random.Random) -> bytes:
    """`content` after one to four accidents, most of them near its start, where headers are."""
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        reach = len(damaged) if rng.random() < 0.4 else min(len(damaged), 200)
        place = rng.randrange(max(1, reach))
        kind = rng.choice(("flip", "large", "zero", "cut", "drop", "repeat", "noise"))
        some = rng.randint(1, 64)
        if kind == "flip" and damaged:
            damaged[place] ^= 1 << rng.randrange(8)
        elif kind in ("large", "zero"):
            fill = b"\xff" if kind == "large" else b"\0"
            damaged[place : place + rng.randint(1, 4)] = fill * rng.randint(1, 4)
        elif kind == "cut" and rng.random() < 0.3:
            del damaged[rng.randrange(len(damaged) + 1) :]
        elif kind == "drop":
            del damaged[place : place + some]
        elif kind == "repeat":
            damaged[place:place] = damaged[place : place + some]
        else:
            damaged[place : place + some] = rng.randbytes(some)
    return bytes(damaged)


def open_as_source(path: Path, _: Path) -> None:
    source = open_source(str(path))
    try:
        for _ in range(MAX_FRAMES):
            if source.read() is None:
                break
        if source.can_seek:
            source.seek(source.duration_s / 2)
            source.read()
    finally:
        source.close()


def open_as_data(path: Path, out: Path) -> None:
    prepare(path, out, landmarks=False)


def open_as_model(path: Path, _: Path) -> None:
    load_model(path)


def open_as_arrays(path: Path, _: Path) -> None:
    try:
        read_arrays(path)
    except (OSError, ValueError) as error:  # whoever reads arrays tells of these
        raise FerError(str(error)) from error


def _pictures(folder: Path) -> list[Path]:
    picture = Image.fromarray(grey(90)).resize((64, 48))
    more = [Image.fromarray(grey(level)) for level in GREYS[:4]]
    paths = [folder / f"still.{kind}" for kind in PICTURES]
    for path in paths:
        picture.save(path)
    for kind in ("gif", "webp", "png", "avif"):
        paths.append(folder / f"moving.{kind}")
        picture.save(paths[-1], save_all=True, append_images=more, duration=100)
    return paths


def _videos(folder: Path) -> list[Path]:
    paths = [folder / f"video.{kind}" for kind in VIDEOS]
    for path in paths:
        write_encoded(path, map(grey, GREYS[:24]), Coding())
    return paths


def _data_sets(folder: Path) -> list[Path]:
    draw = np.random.default_rng(0)
    rows = [",".join(fer2013_row(label, "Training", draw)) for label in (0, 3, 4, 6) * 3]
    table = folder / "fer2013.csv"
    table.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    still = (folder / "still.png").read_bytes()
    paths = [table]
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
        paths.append(folder / f"packed{kind}.zip")
        with zipfile.ZipFile(paths[-1], "w", kind) as packed:
            for number, name in enumerate(EXPRESSIONS * 2):
                packed.writestr(f"train/{name}/{number}.png", still)
    return paths
