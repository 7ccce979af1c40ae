"""Checks a beginner's folder of class folders: what is in it, and what to do where it won't do."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.checks.data_check import stage_progress
from ferapp.runs.task_queue import ReportProgress
from ferapp.sources.heavy_imports import load_opencv
from trainer.config.sections import DataConfig
from trainer.recipes import RECIPES

if TYPE_CHECKING:
    from trainer.data.face_data import FaceData

LAYOUT = "folders"
MIN_FACES, ENOUGH_FACES = 5, 20  # of each class: without them no training; fewer learn little
EXAMPLES, EXAMPLE_SIDE = 6, 48  # faces of each class that are shown, px
SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class ClassPictures:
    """The pictures in one class folder; of the `faces` that were found, `held_out` validate.

    `examples` are a few aligned faces (EXAMPLE_SIDE, EXAMPLE_SIDE).
    """

    name: str
    pictures: int
    faces: int = 0
    held_out: int = 0
    examples: tuple[NDArray[np.uint8], ...] = ()

    @property
    def is_too_few(self) -> bool:
        return self.faces < MIN_FACES


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """What a folder contains. `problem` says why it cannot be used and `advice` what to do; without
    a problem the advice, if any, is how to make it better. `skipped` are unreadable files.
    """

    path: Path
    classes: tuple[ClassPictures, ...] = ()
    skipped: tuple[str, ...] = ()
    problem: str = ""
    advice: str = ""

    @property
    def pictures(self) -> int:
        return sum(each.pictures for each in self.classes)

    @property
    def faces(self) -> int:
        return sum(each.faces for each in self.classes)

    @property
    def held_out(self) -> int:
        return sum(each.held_out for each in self.classes)

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.classes if each.pictures)


def data_settings(classes: tuple[str, ...]) -> dict[str, object]:
    """The fields of the section `data` that make each folder a class of its own name."""
    from trainer.data.reading.read_options import own_words

    return {"format": LAYOUT, "classes": list(classes), "class_map": own_words(classes)}


def quick_data_config(classes: tuple[str, ...]) -> DataConfig:
    """How the recipe `quick` reads these classes."""
    return DataConfig.model_validate({**RECIPES["quick"].values["data"], **data_settings(classes)})


def open_quick_data(
    path: Path, classes: tuple[str, ...], report: ReportProgress = lambda _: None
) -> "FaceData":
    """The pictures as the recipe `quick` reads them, with those in which no face was found.

    Slow the first time. Raises DataError.
    """
    load_opencv()
    from trainer.data.prepare import open_data
    from trainer.data.reading.read_options import configured_options

    options = configured_options(quick_data_config(classes))
    return open_data(path, layout=LAYOUT, options=options, progress=stage_progress(report))


def check_folder(path: Path, report: ReportProgress = lambda _: None) -> FolderCheck:
    """Count pictures and faces of each class folder, of a folder or zip.

    Slow: run it in a task queue. Raises DataError where the files cannot be read.
    """
    report("Looking at the folders…")
    layout = _class_files(path)
    if isinstance(layout, FolderCheck):
        return layout
    files, names = layout, tuple(sorted(set(layout.values())))
    if len(names) == 1:
        return FolderCheck(
            path,
            (ClassPictures(names[0], len(files)),),
            problem=f"There is only one class folder, {names[0]}.",
            advice="A model learns to tell classes apart: add a folder for a second expression.",
        )
    if max(Counter(files.values()).values()) < MIN_FACES:
        counts = tuple(ClassPictures(n, k) for n, k in sorted(Counter(files.values()).items()))
        return _with_verdict(FolderCheck(path, counts + _empty_classes(path, files)))
    data = open_quick_data(path, names, report)
    classes = [_class_pictures(data, index) for index in range(len(names))]
    return _with_verdict(
        FolderCheck(path, (*classes, *_empty_classes(path, files)), tuple(data.skipped))
    )


def _class_files(path: Path) -> dict[str, str] | FolderCheck:
    """Class by file; a check with the problem where there are no class folders."""
    from trainer.data.readers.class_folders import class_places, is_folder_or_zip
    from trainer.data.reading.archive import Archive
    from trainer.data.reading.read_options import ReadOptions

    if not is_folder_or_zip(path):
        return FolderCheck(
            path,
            problem=f"{path.name} is neither a folder nor a zip file.",
            advice="Choose the folder that holds the class folders.",
        )
    names = Archive(path).picture_names()
    if not names:
        return FolderCheck(
            path,
            problem=f"There are no pictures in {path.name}.",
            advice="Put pictures (JPEG, PNG, WebP and others) into one folder for each expression.",
        )
    folders = {PurePosixPath(name).parent.name for name in names}
    places = class_places(path, names, ReadOptions(classes=tuple(map(str.lower, folders))))
    files = {
        name: place[1].strip().lower()
        for name, place in zip(names, places, strict=True)
        if place is not None
    }
    outside = [name for name in names if name not in files]
    if len(outside) * 2 <= len(names):  # the rest is skipped, and listed
        return files
    if all(len(PurePosixPath(name).parts) == 1 for name in outside):
        return FolderCheck(
            path,
            problem=f"The pictures lie directly in {path.name}, in no class folder.",
            advice="Make one folder for each expression, named as you like, and sort them into "
            "these. Then choose the folder around them.",
        )
    return FolderCheck(
        path,
        problem=f"The class folders lie too deep, as {PurePosixPath(outside[0]).parent} does.",
        advice="Choose the folder that holds the class folders directly: FOLDER/class/picture.",
    )


def _empty_classes(path: Path, files: dict[str, str]) -> tuple[ClassPictures, ...]:
    """Folders beside the class folders that hold no pictures."""
    if not path.is_dir():
        return ()
    parents = {PurePosixPath(name).parent.parent for name in files}
    beside = {folder for parent in parents for folder in (path / parent).iterdir()}
    empty = {
        folder.name.lower()
        for folder in beside
        if folder.is_dir() and not folder.name.startswith(".")
    } - set(files.values())
    return tuple(ClassPictures(name, 0) for name in sorted(empty))


def _class_pictures(data: "FaceData", index: int) -> ClassPictures:
    from trainer.faces.align import align_face

    of_class = data.label == index
    faces = of_class & data.has_landmarks
    held_out = int((faces & (data.split == "val")).sum())
    rows = np.flatnonzero(faces)
    chosen = rows[np.linspace(0, len(rows) - 1, min(EXAMPLES, len(rows))).astype(int)]
    examples = tuple(
        align_face(np.asarray(data.images[row]), data.landmarks[row], EXAMPLE_SIDE).crop
        for row in chosen.tolist()
    )
    return ClassPictures(
        data.classes[index], int(of_class.sum()), int(faces.sum()), held_out, examples
    )


def _with_verdict(check: FolderCheck) -> FolderCheck:
    """The same with its problem or advice."""
    few = [each for each in check.classes if each.is_too_few]
    problem = advice = ""
    if few and all(each.pictures < MIN_FACES for each in few):
        problem = f"Too few pictures of {_listed(few)}."
        advice = (
            f"Each class needs at least {MIN_FACES} pictures; with {ENOUGH_FACES} or more it "
            "learns better. Add some, or take the folder away."
        )
    elif few:
        problem = f"Too few faces were found in the pictures of {_listed(few)}."
        advice = (
            "A face should be upright, turned towards the camera and at least about 40 pixels "
            "wide. Drawn and painted faces are mostly not found."
        )
    elif some := [each for each in check.classes if each.faces < ENOUGH_FACES]:
        advice = (
            f"With {ENOUGH_FACES} or more pictures each, {_listed(some)} would be learned better."
        )
    return FolderCheck(check.path, check.classes, check.skipped, problem, advice)


def _listed(classes: list[ClassPictures]) -> str:
    names = [each.name for each in classes]
    if len(names) > SHOWN_NAMES:
        names = [*names[:SHOWN_NAMES], f"{len(names) - SHOWN_NAMES} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
