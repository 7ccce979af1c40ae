"""What a study would analyse: found in folders and files before it starts."""

import math
import os
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ferapp.runs.study_process import StudyChoice
from ferapp.runs.task_queue import ReportProgress
from ferapp.studies.study_record import is_study
from trainer.errors import FerError
from trainer.files import is_picture_name

PROBE_S = 3.0  # for the lengths of videos; those that are not read by then are as long as the mean
TABLES_SUFFIX = "-tables"


@dataclass(frozen=True, slots=True)
class FoundSources:
    """`names` are those of the tables. `seconds` of video is NaN where it is unknown."""

    names: tuple[str, ...] = ()
    videos: int = 0
    folders: int = 0  # of pictures, a source each
    pictures: int = 0  # that were named themselves, a source each
    seconds: float = math.nan
    continues: bool = False  # there is a study in the folder for the tables already


def find_sources(choice: StudyChoice, report: ReportProgress) -> FoundSources:
    """Slow: use it in a task queue. Raises UsageError with what speaks against this study."""
    from ferapp.studies.plan import plan_study  # loads OpenCV

    report("")
    manifest = Path(choice.manifest) if choice.manifest else None
    plan = plan_study([*choice.sources], choice.out, manifest)
    paths = [Path(source.source) for source in plan.sources]
    folders = [path for path in paths if path.is_dir()]
    pictures = [path for path in paths if is_picture_name(path.name) and path not in folders]
    videos = [path for path in paths if path not in folders and path not in pictures]
    return FoundSources(
        tuple(source.name for source in plan.sources),
        len(videos),
        len(folders),
        len(pictures),
        _total_seconds(videos, report),
        is_study(choice.out),
    )


def _total_seconds(videos: Sequence[Path], report: ReportProgress) -> float:
    """From the headers of as many videos as can be read in a moment; NaN where none can be."""
    from ferapp.sources.video import VideoFile

    lengths: list[float] = []
    ends = time.monotonic() + PROBE_S
    for video in videos:
        report("")
        try:
            with closing(VideoFile(video)) as source:
                if source.frame_count and source.fps:
                    lengths.append(source.frame_count / source.fps)
        except FerError:  # the study will say why
            continue
        if time.monotonic() > ends:
            break
    return sum(lengths) / len(lengths) * len(videos) if lengths else math.nan


def default_out(sources: Sequence[str], documents: Path) -> Path:
    """`clips-tables` beside the folder `clips`; in `documents` where nothing can be written there.

    Several files are named by their folder.
    """
    first = Path(sources[0]).expanduser().absolute()
    if not first.is_dir() and len(sources) > 1:
        first = first.parent
    name = first.name if first.is_dir() else first.stem
    folder = first.parent if os.access(first.parent, os.W_OK) else documents
    return folder / f"{name or 'study'}{TABLES_SUFFIX}"
