"""`ferapp analyze`: one source into its files, or many into a study."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferapp.cli.options import SOURCE_HELP, Model, known_source
from trainer.cli.printing import notices, print_json, warn_of_little_room
from trainer.cli.shared_options import Device, Plugin, Prior
from trainer.errors import UsageError
from trainer.memory import Need
from trainer.stop_signals import exit_code

if TYPE_CHECKING:
    from ferapp.overlays.anonymise import AnonymiseKind
    from ferapp.studies.analysis_settings import AnalysisSettings
    from ferapp.studies.study import StudyOptions

ANALYZE = Need(resident=0.88e9, least=0.42e9, mapped=1.7e9, threads=9)


def analyze(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE…", help=f"{SOURCE_HELP} With --out also several, and folders of videos."
        ),
    ],
    csv: Annotated[Path | None, typer.Option(help="CSV file to write, one row per face.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the tables of many files, with summary and report."
        ),
    ] = None,
    jobs: Annotated[
        str,
        typer.Option(
            metavar="N|auto", help="With --out: files at once. auto: one for each core and 1.2 GiB."
        ),
    ] = "auto",
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --out: a CSV with the column file, and others such as participant and "
            "condition, which join the summary. Without one, names as BIDS has them give columns: "
            "sub-01_ses-1_task-x_video.mp4.",
        ),
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="With --out: also write each table as Parquet.")
    ] = False,
    cluster: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="With --out: let the workers of a Dask scheduler do it, as tcp://host:8786, "
            "which must see the same files.",
        ),
    ] = "",
    video: Annotated[
        Path | None,
        typer.Option(help="Video to write with the overlays in it: .mp4, .mov or .mkv."),
    ] = None,
    model: Model = "default",
    plugin: Plugin = None,
    device: Device = "auto",
    max_frames: Annotated[
        int, typer.Option(min=0, help="Stop after this many analysed frames; 0: all.")
    ] = 0,
    every: Annotated[int, typer.Option(min=1, help="Analyse every Nth frame.")] = 1,
    faces: Annotated[int, typer.Option(min=1, max=64, help="Maximum faces in a frame.")] = 4,
    small_faces: Annotated[
        str,
        typer.Option(
            help="auto or off. auto searches every picture, and a video every two seconds, in "
            "overlapping tiles for faces that take less than a sixth of its width; off is faster "
            "on large pictures."
        ),
    ] = "auto",
    rotate: Annotated[
        int,
        typer.Option(help="Degrees clockwise that turn the pictures upright: 0, 90, 180 or 270."),
    ] = 0,
    prior: Prior = "trained",
    anonymise: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Cover all heads in the written video, or in the report of a study: blur, mask "
            "(flat) or mesh (the face drawn as a mesh on grey). Tables stay as they are. A video "
            "takes longer: every frame is searched again, more thoroughly.",
        ),
    ] = "",
    rate: Annotated[
        float,
        typer.Option(
            metavar="HZ",
            help="With --out: rows a second, at fixed times, interpolated between frames.",
        ),
    ] = 0,
    start_at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="With --out: date and time of the start of each source, for the column clock: "
            "2026-11-30T14:05:09.250+01:00; or file, for the one that each video states.",
        ),
    ] = "",
    baseline: Annotated[
        str,
        typer.Option(
            metavar="FROM-TO",
            help="With --out: seconds of a neutral interval, 0-5. Columns d_… are differences to "
            "each face's mean in it.",
        ),
    ] = "",
    smooth: Annotated[
        float,
        typer.Option(
            metavar="S", help="With --out: average over so many seconds, half before, half after."
        ),
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted CSV.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace existing files, whatever they are.")
    ] = False,
    max_pixels: Annotated[
        int,
        typer.Option(
            min=0,
            help="Refuse pictures and video frames of more pixels; 0: 250 million for pictures, "
            "very large ones of which are read at a reduced size, and 36 million for videos.",
        ),
    ] = 0,
    follow_hosts: Annotated[
        bool,
        typer.Option(
            "--follow-hosts", help="Let a URL redirect to, or list videos of, other hosts."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Classify the faces of a source without a window. Ctrl+C ends a camera or stream.

    Everything analysed before Ctrl+C or a crash is in the files; --resume continues a CSV where it
    stopped. Finished tables and videos of this command are replaced when you run it again; other
    files are replaced only with --overwrite.

    The CSV has the box, label and unsmoothed probabilities of each face, then the pose of its
    head, how far its eyes are open, and action units, and last how good its picture is and why
    the label may be in doubt. FILE.csv.json beside it says what every column means and what the
    table was made from; a video has such a note too.

    Faces upside down or lying on their side are found, too; boxes stay in pixels of the source, and
    roll_deg says how a head is turned.

    **Many files**: with --out, name files and folders; videos in subfolders count, too, and a
    folder of pictures is one source. DIR gets a table for each (siteA/clip.mp4 gives
    siteA/clip.csv), summary.csv, and failed.csv, which says what could not be analysed and why.
    After Ctrl+C or a crash, the same command goes on: finished tables stay, files that changed, are
    new or failed are analysed. With other settings or another model it refuses to touch finished
    tables, unless you add --overwrite or choose another DIR.
    """
    if out is None:
        _refuse_study_options(
            {
                "--jobs": jobs != "auto",
                "--manifest": manifest is not None,
                "--parquet": parquet,
                "--cluster": bool(cluster),
                "--rate": rate != 0,
                "--start-at": bool(start_at),
                "--baseline": bool(baseline),
                "--smooth": smooth != 0,
            }
        )
    warn_of_little_room("ferapp analyze", ANALYZE)
    from ferapp.overlays.anonymise import kind_of
    from ferapp.sources.limits import SourceLimits
    from ferapp.studies.analysis_settings import AnalysisSettings
    from ferapp.studies.transform_settings import TableTransforms

    kind = kind_of(anonymise) if anonymise else None
    if kind is not None and video is None and out is None:
        raise UsageError(
            "--anonymise covers heads in pictures, and a table has none",
            "Add --video FILE, or --out DIR for a study with a report.",
        )
    settings = AnalysisSettings(
        model=model,
        device=device,
        prior=prior,
        every=every,
        max_frames=max_frames,
        faces=faces,
        small_faces=small_faces,
        rotate=rotate,
        limits=SourceLimits.of(max_pixels, follow_hosts),
        transforms=TableTransforms(rate, start_at, baseline, smooth),
    )
    if out is not None:
        if csv is not None or video is not None or resume:
            raise UsageError(
                "--out names its files itself, and goes on by itself",
                "Leave out --csv, --video and --resume.",
            )
        _check_cluster(cluster)
        from ferapp.studies.study import StudyOptions

        options = StudyOptions(out, _job_count(jobs), manifest, parquet, cluster, overwrite, kind)
        _analyze_study(sources, settings, options, as_json)
    else:
        _check_single(sources)
        outputs = {"csv_file": csv, "video_file": video}
        _analyze_single(sources[0], settings, outputs, kind, resume, overwrite, as_json)


def _analyze_single(
    source: str,
    settings: "AnalysisSettings",
    outputs: dict[str, Path | None],
    anonymise: "AnonymiseKind | None",
    resume: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    from ferapp.studies.output_files import check_outputs, check_place

    files = {"table": outputs["csv_file"], "video": outputs["video_file"]}
    for file in filter(None, files.values()):
        check_place(file)
    check_outputs(Path(source).expanduser(), **files, resume=resume, overwrite=overwrite)
    from ferapp.studies.single_source import analyze_source  # loads torch

    summary = analyze_source(
        source,
        outputs["csv_file"],
        settings,
        video_file=outputs["video_file"],
        anonymise=anonymise,
        resume=resume,
        overwrite=overwrite,
    )
    if as_json:
        print_json(summary.as_dict())
    else:
        print(summary.as_text())
    if not any(outputs.values()):
        notices.print("Nothing was written: use --csv FILE to keep the rows.")
    if summary.resumable:
        notices.print("To continue, run the same command with --resume.")
    if summary.stopped:
        raise typer.Exit(exit_code())


def _analyze_study(
    sources: list[str], settings: "AnalysisSettings", options: "StudyOptions", as_json: bool
) -> None:
    from ferapp.studies.study import run_study

    summary = run_study(sources, settings, options)
    if as_json:
        print_json(summary.as_dict())
    else:
        print(summary.as_text())
    if summary.stopped:
        notices.print("Stopped. To go on, run the same command again: finished tables stay.")
        raise typer.Exit(exit_code())
    if summary.failed:
        raise typer.Exit(1)


def _refuse_study_options(given: dict[str, bool]) -> None:
    for name in (name for name, is_given in given.items() if is_given):
        raise UsageError(f"{name} needs --out DIR, the folder for the tables")


def _check_single(sources: list[str]) -> None:
    """Raise UsageError for what only a study can be made of, and say how."""
    if len(sources) > 1:
        raise UsageError(
            f"{len(sources)} sources need a folder for their tables", "Name one: --out DIR"
        )
    from ferapp.studies.plan import videos_below

    known_source(sources[0])
    videos = videos_below(sources[0])
    if videos:
        count = "1 video or folder" if videos == 1 else f"{videos} videos and folders"
        raise UsageError(
            f"{sources[0]}: this folder has {count} to analyse, and no pictures of its own",
            f"Name a folder for the tables: ferapp analyze {sources[0]} --out DIR",
        )


def _check_cluster(address: str) -> None:
    if address and not re.fullmatch(r"\w+://[^\s/]+", address):
        raise UsageError(f"--cluster {address}: this is no address", "Write tcp://host:8786.")


def _job_count(jobs: str) -> int | None:
    """None for auto."""
    if jobs == "auto":
        return None
    if not jobs.isdecimal() or int(jobs) < 1:
        raise UsageError(
            f"--jobs {jobs}: files at once are a number or auto", "Use 1, 2, … or auto."
        )
    return int(jobs)
