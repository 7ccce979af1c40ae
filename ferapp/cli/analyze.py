"""`ferapp analyze`: one source into its files, or many into a study."""

from pathlib import Path
from typing import Annotated

import typer

from ferapp.cli.options import SOURCE_HELP, Device, Model
from trainer.cli.printing import notices, print_json, warn_of_little_room
from trainer.cli.shared_options import Prior
from trainer.errors import UsageError
from trainer.memory import Need
from trainer.stop_signals import exit_code

ANALYZE = Need(resident=0.88e9, least=0.42e9, mapped=1.7e9, threads=9)


def analyze(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP)],
    csv: Annotated[Path | None, typer.Option(help="CSV file to write, one row per face.")] = None,
    video: Annotated[
        Path | None,
        typer.Option(help="Video to write with the overlays in it: .mp4, .mov or .mkv."),
    ] = None,
    model: Model = "default",
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
            help="Cover all heads in the written video: blur, mask (flat) or mesh (the face drawn "
            "as a mesh on grey). Tables stay as they are. Takes longer: every frame is searched "
            "again, more thoroughly.",
        ),
    ] = "",
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
    """
    warn_of_little_room("ferapp analyze", ANALYZE)
    from ferapp.overlays.anonymise import kind_of
    from ferapp.sources.limits import SourceLimits
    from ferapp.studies.analysis_settings import AnalysisSettings
    from ferapp.studies.single_source import analyze_source

    if anonymise and video is None:
        raise UsageError(
            "--anonymise covers the heads in a video: nothing else here shows any",
            "Name the video with --video.",
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
    )
    summary = analyze_source(
        source,
        csv,
        settings,
        video_file=video,
        anonymise=kind_of(anonymise) if anonymise else None,
        resume=resume,
        overwrite=overwrite,
    )
    if as_json:
        print_json(summary.as_dict())
    else:
        print(summary.as_text())
    if csv is None and video is None:
        notices.print("Nothing was written: use --csv FILE to keep the rows.")
    if summary.stopped:
        raise typer.Exit(exit_code())
