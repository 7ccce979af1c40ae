"""The command line `ferapp`: the window, and the same pipeline without one."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ferapp.cli.agree import agree
from ferapp.cli.analyze import analyze
from ferapp.cli.options import SOURCE_HELP, Model, known_model, known_source
from ferapp.cli.stimuli import stimuli
from ferapp.studies.live_output.output_target import LSL, check_installed, osc_target
from trainer import __version__
from trainer.cli.printing import notices, print_json, run_app, warn_of_little_room
from trainer.cli.shared_options import Device, Plugin, check_picture_file, known_device
from trainer.errors import FerError, UsageError
from trainer.memory import Need, check_room

PAGES = ("live", "train", "inspect", "studies")
SCREEN_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")

WINDOW = Need(resident=1.0e9, least=0.5e9, mapped=2.0e9, threads=20)
DOCTOR = Need(resident=0.66e9, least=0.36e9, mapped=1.2e9, threads=3)

app = typer.Typer(
    help="Facial expression recognition, live and explained. Everything stays on this computer.",
    rich_markup_mode="markdown",  # joins the lines of a paragraph
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"ferapp {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def window(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Option(
            help=f"{SOURCE_HELP} A table of `analyze` (CSV) plays its source with these results. "
            "Default: the camera used last, or any.",
            callback=known_source,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A bundled model's name, or a model file (.onnx too). Default: the one used last.",
            callback=known_model,
        ),
    ] = None,
    plugin: Plugin = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, cuda, cuda:N or mps. Default: the one used last.",
            callback=known_device,
        ),
    ] = None,
    page: Annotated[
        str | None, typer.Option(help=f"Page to open with: {', '.join(PAGES)}.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="A run, or the folder of an evaluation, for the Inspect page."),
    ] = None,
    stage: Annotated[
        bool,
        typer.Option(
            "--stage",
            help="Start on the stage: a face, a word and the bars for an audience, on the second "
            "screen if there is one. Key: P.",
        ),
    ] = False,
    lsl: Annotated[
        bool,
        typer.Option(
            "--lsl", help="Offer the numbers of each face to other programs, as LSL streams."
        ),
    ] = False,
    osc: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Send the numbers of each face to this address, by OSC."
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Open the window."""
    if context.invoked_subcommand is not None:
        return
    page = page or ("inspect" if run is not None else "live")
    if page not in PAGES:
        raise UsageError(f"--page {page}: there is no such page", f"Pages: {', '.join(PAGES)}.")
    if stage and page != "live":
        raise UsageError(f"--stage shows the live page, not {page}")
    if run is not None and not run.exists():
        raise UsageError(f"--run {run}: there is no such run or folder")
    outputs = [*([LSL] if lsl else []), *([osc_target(osc)] if osc is not None else [])]
    for target in outputs:
        check_installed(target)
    if not _has_screen():
        raise FerError(
            "There is no screen here.", "`ferapp analyze` and `ferapp bench` work without one."
        )
    warning = check_room("ferapp", WINDOW)
    from ferapp.app import open_window

    raise typer.Exit(
        open_window(source, model, device, page, str(run or ""), warning, stage, outputs)
    )


def _has_screen() -> bool:
    """Whether Qt finds a screen; on Linux it aborts without one."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in SCREEN_VARIABLES)


app.command()(analyze)
app.command()(agree)
app.command()(stimuli)


@app.command()
def bench(
    seconds: Annotated[int, typer.Option(min=1, help="Time to measure, after the warm-up.")] = 20,
    fps: Annotated[float, typer.Option(min=1, max=1000, help="Frame rate of the source.")] = 30,
    source: Annotated[str, typer.Option(help=SOURCE_HELP, callback=known_source)] = "demo",
    faces: Annotated[
        int,
        typer.Option(
            min=0, max=8, help="Show the demo clip's face this many times; 0: the source as it is."
        ),
    ] = 0,
    model: Model = "default",
    plugin: Plugin = None,
    device: Device = "auto",
    soak: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="MINUTES",
            help="Instead, run this long and change source, model and page every 5 s.",
        ),
    ] = 0,
    plot: Annotated[
        Path | None, typer.Option(help="PNG to write: memory, threads and delays of the soak.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the real pipeline in an offscreen window, all overlays on."""
    if plot is not None and not soak:
        raise UsageError("--plot needs --soak")
    if plot is not None:
        check_picture_file(plot, (".png",))
    if faces and (soak or source != "demo"):
        raise UsageError("--faces repeats the demo clip: leave out --source and --soak")
    warn_of_little_room("ferapp bench", WINDOW)
    from ferapp.bench.live_bench import BenchResult, run_bench
    from ferapp.bench.soak import SoakResult, run_soak

    result: BenchResult | SoakResult
    if soak:
        result = run_soak(source, model, device, minutes=soak, fps=fps, plot=plot)
    else:
        result = run_bench(source, model, device, seconds=seconds, fps=fps, faces=faces)
    if as_json:
        print_json(result.as_dict())
    else:
        print(result.as_text())


@app.command()
def faces(
    table: Annotated[Path, typer.Argument(help="A table of faces, as analyze writes it.")],
    merge: Annotated[
        list[str] | None,
        typer.Option(metavar="A=B", help="Face B is face A. May be repeated; before any split."),
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A@FRAME",
            help="Face A is another from this frame on, with the next free number. "
            "May be repeated.",
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the last correction.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the faces as JSON.")] = False,
) -> None:
    """List the faces of a table, and correct who is who.

    The table stays as it is: the corrections are in `clip.faces.json` beside `clip.csv`
    (`faces.json` beside `faces.csv`), and apply wherever faces are listed or a recording is played.
    """
    from ferapp.studies.face_edits import edit_faces

    edits = edit_faces(table, merge or (), split or (), undo=undo)
    summaries = edits.summaries()
    if as_json:
        print_json({"faces": [asdict(face) for face in summaries], "edits": len(edits.edits)})
        return
    for face in summaries:
        labels = ", ".join(f"{name} {count}" for name, count in face.labels.items())
        frames = "1 frame" if face.frames == 1 else f"{face.frames} frames"
        print(f"Face {face.face}: {frames}, {face.first_s:.1f} to {face.last_s:.1f} s; {labels}")
    if not summaries:
        print("There is no face in this table.")
    if edits.edits:
        print(f"Corrected by hand: {edits.path.name}")


@app.command()
def doctor(
    bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.zip",
            help="Also write the result with log, settings, versions and the last crash into one "
            "file, to send with a report. No pictures, no names of user and computer.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check for missing or conflicting parts, and say how to repair them."""
    warn_of_little_room("ferapp doctor", DOCTOR)
    from ferapp.diagnostics import PRIVACY, check_bundle, write_bundle
    from ferapp.doctor import as_dict, as_text, is_broken, run_checks

    if bundle is not None:
        check_bundle(bundle)
    checks = run_checks()
    members = write_bundle(bundle, checks) if bundle is not None else []
    if as_json:
        written = {"bundle": {"file": str(bundle), "members": members}} if members else {}
        print_json(as_dict(checks) | written)
    else:
        print(as_text(checks))
    if members:
        notices.print(f"Wrote {bundle}: {', '.join(members)}", markup=False, soft_wrap=True)
        notices.print(PRIVACY, soft_wrap=True)
    raise typer.Exit(int(is_broken(checks)))


@app.command("desktop-entry")
def desktop_entry(
    remove: Annotated[bool, typer.Option("--remove", help="Remove it again.")] = False,
) -> None:
    """Add ferapp with its icon to the application menu (Linux)."""
    from ferapp.desktop_entry import install_desktop_entry, remove_desktop_entry

    files = remove_desktop_entry() if remove else install_desktop_entry()
    if not files:
        print("There is no desktop entry to remove.")
    for file in files:
        print(f"{'Removed' if remove else 'Wrote'} {file}")


def main() -> None:
    run_app(app)
