"""The command line `fertrain`. Heavy imports are deferred until a command needs them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.cli.evaluate_commands import evaluate, explain
from trainer.cli.find_rate_command import find_rate
from trainer.cli.label_commands import labels
from trainer.cli.model_commands import average, bench, export, models
from trainer.cli.printing import (
    notices,
    print_json,
    progress_bars,
    run_app,
    warn,
    warn_of_little_room,
)
from trainer.cli.run_commands import compare, reproduce, runs
from trainer.cli.shared_options import (
    DATA_HELP,
    Classes,
    ClassMap,
    Data,
    Json,
    Layout,
    NoLandmarks,
    data_settings,
    known_path,
)
from trainer.cli.summaries import (
    print_copies,
    print_data,
    print_line,
    print_recipe,
    print_recipes,
    print_settings,
    summary_of,
    training_progress,
)
from trainer.config.loading import load_config
from trainer.config.rate_check import rate_warning
from trainer.errors import UsageError
from trainer.evaluation.intervals import share_text, wilson
from trainer.files import check_writable_folder, file_stem
from trainer.memory import PREPARE, TRAIN
from trainer.recipes import FAST, RECIPES, fast_tables, recipe, recipe_values
from trainer.recipes.pipelines import PIPELINES

if TYPE_CHECKING:
    from trainer.data.face_data import FaceData
    from trainer.training.run_dir import RunDir
    from trainer.training.trainer import Report

app = typer.Typer(
    help="Train, evaluate and explain facial expression recognition models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def prepare(
    source: Annotated[Path, typer.Argument(help=f"{DATA_HELP}.", callback=known_path)],
    out: Annotated[Path, typer.Option(help="Folder to write; training needs nothing else.")],
    layout: Annotated[
        str,
        typer.Option(
            "--format",
            help="Layout of the data set: auto, fer2013, raf-db, raf-db-original, raf-db-folders, "
            "affectnet, affectnet8, affectnet-folders, ck-plus, jaffe, list, folders.",
        ),
    ] = "auto",
    classes: Classes = "",
    class_map: ClassMap = "",
    val_share: Annotated[
        float,
        typer.Option(help="Share held out as val where the data set has no val.", min=0, max=0.9),
    ] = 0.1,
    val_seed: Annotated[int, typer.Option(help="Random seed of that draw.", min=0)] = 0,
    landmarks: Annotated[
        Path | None,
        typer.Option(help="Folder with 68 rows of x y for each picture (.npy, .txt, .pts)."),
    ] = None,
    no_landmarks: NoLandmarks = False,
    heatmaps: Annotated[
        bool,
        typer.Option(
            "--heatmaps", help="Also store the action unit maps, and a sheet of them per class."
        ),
    ] = False,
    draw: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for sheets of up to 24 pictures of each class, with landmarks and action "
            "units drawn over them.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 is one for each core.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Read a data set and detect its landmarks, once. Continues where it was interrupted."""
    warn_of_little_room("fertrain prepare", PREPARE)
    from trainer.data.prepare import prepare as prepare_data
    from trainer.data.reading.read_options import parse_class_map, read_options

    if landmarks and no_landmarks:
        raise UsageError("--landmarks and --no-landmarks contradict each other")
    if heatmaps and no_landmarks:
        raise UsageError("--heatmaps: action units are drawn from landmarks")
    if draw is not None:
        if no_landmarks:
            raise UsageError("--draw and --no-landmarks contradict each other")
        check_writable_folder(draw)
    options = read_options(
        filter(None, classes.split(",")), parse_class_map(class_map), val_share, val_seed
    )
    with progress_bars() as progress:
        data = prepare_data(
            source,
            out,
            layout=layout,
            landmarks=not no_landmarks,
            landmark_files=landmarks,
            options=options,
            workers=workers or None,
            progress=progress,
        )
        if heatmaps:
            _write_heatmaps(data, out, lambda done, total: progress("action units", done, total))
    drawn = _draw_samples(data, draw) if draw is not None else {}
    print_data(data)
    leaked, conflicting = int(data.leaked().sum()), len(data.conflicting())
    print_copies(leaked, conflicting)
    if as_json:
        print_json(
            {
                "out": str(out),
                "samples": len(data),
                "with_landmarks": int(data.has_landmarks.sum()),
                "leaked": leaked,
                "conflicting": conflicting,
                "drawn": {str(file): count for file, count in drawn.items()},
            }
        )


@app.command()
def train(
    data: Data,
    recipe_name: Annotated[
        str, typer.Option("--recipe", help="Named configuration; `fertrain recipes` lists them.")
    ] = "default",
    pipeline: Annotated[
        str,
        typer.Option(help=f"Replace the recipe's image pipeline: {', '.join(PIPELINES)}."),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the run.")] = "",
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="TOML file with further settings, or a run's config.json instead of the recipe.",
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.FIELD=VALUE", help="One setting; repeatable."),
    ] = None,
    init: Annotated[
        str,
        typer.Option(help="Initial weights: a model, a weights file, or imagenet."),
    ] = "",
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    no_landmarks: NoLandmarks = False,
    layout: Layout = "",
    classes: Classes = "",
    class_map: ClassMap = "",
    as_json: Json = False,
) -> None:
    """Train a model. Ctrl+C stops after the current step; `fertrain resume` continues.

    Several processes: torchrun --nproc-per-node N -m trainer train …
    """
    warn_of_little_room("fertrain train", TRAIN)
    from trainer.training.run_training import train_new_run

    settings = [*(sets or ())]
    if init:
        settings.append(f"model.init={json.dumps(init)}")
    if no_landmarks:
        settings.append("data.landmarks=false")
    for field, value in data_settings(layout, classes, class_map).items():
        settings.append(f"data.{field}={json.dumps(value)}")
    values = recipe_values(recipe_name, pipeline)
    config = load_config(config_file, settings, **values)
    warn(rate_warning(config, load_config(None, (), **values)))
    run, best = train_new_run(
        data,
        config,
        name or file_stem(recipe_name),
        runs,
        watch=_shown_training,
        reading=progress_bars,
    )
    _print_best(run, best, as_json)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The run's directory.")],
    data: Annotated[
        Path | None,
        typer.Option(help="The data set's path, if it has moved.", callback=known_path),
    ] = None,
    as_json: Json = False,
) -> None:
    """Continue a run that was stopped or killed."""
    warn_of_little_room("fertrain resume", TRAIN)
    from trainer.training.run_training import resume_run

    resumed, best = resume_run(run, data, watch=_shown_training, reading=progress_bars)
    _print_best(resumed, best, as_json)


@app.command()
def recipes(
    name: Annotated[str, typer.Argument(help="A recipe, to show all its settings.")] = "",
    as_json: Json = False,
) -> None:
    """List the recipes with the accuracy (%) that their source states, or one recipe's settings.

    Titles say what differs from the source.
    """
    if name:
        import trainer.losses  # noqa: F401  registers the losses' settings

        config = load_config(None, (), **recipe(name).values)
        print_recipe(recipe(name))
        print_settings(config)
        if as_json:
            print_json(config.model_dump())
        return
    print_recipes([RECIPES[name] for name in RECIPES if not name.endswith(FAST)])
    print_line(
        f"The recipes of {', '.join(fast_tables())} have a fast form for one CPU: add {FAST} to "
        "the name."
    )
    if as_json:
        print_json({"recipes": [summary_of(each) for each in RECIPES.values()]})


for command in (
    *(find_rate, evaluate, explain, labels, runs, compare, reproduce),
    *(export, average, models, bench),
):
    app.command()(command)


def _write_heatmaps(data: "FaceData", out: Path, progress: Callable[[int, int], None]) -> None:
    from trainer.data.stored_heatmaps import write_heatmaps
    from trainer.reports.au_sheet import write_au_sheets

    file = write_heatmaps(data, out, progress)
    sheets = write_au_sheets(data, out)
    notices.print(f"Wrote {file} and {len(sheets)} sheets in the same folder", soft_wrap=True)


def _draw_samples(data: "FaceData", out: Path) -> dict[Path, int]:
    """Write the sheets and say how many pictures are where."""
    from trainer.data.landmark_sheets import write_landmark_sheets

    sheets = write_landmark_sheets(data, out)
    if not len(data):
        return sheets
    notices.print(
        f"Drew {sum(sheets.values())} of {len(data)} pictures on {len(sheets)} sheets, one for "
        f"each class: {out / 'landmarks-<class>.png'}",
        markup=False,
        soft_wrap=True,
    )
    return sheets


@contextmanager
def _shown_training(run: "RunDir") -> "Iterator[Report]":
    notices.print(f"Run {run.path}")
    with training_progress() as report:
        yield report


def _print_best(run: "RunDir", best: dict[str, Any], as_json: bool) -> None:
    if not best:  # another process of this run prints it
        return
    share = share_text(best["accuracy"], wilson(round(best["accuracy"] * best["n"]), best["n"]))
    text = f"Best epoch {best['epoch']}: {share} of {best['n']:,} on val. Model: {run.best}"
    notices.print(text, soft_wrap=True)
    if as_json:
        print_json({"run": str(run.path), "model": str(run.best), "best": best})


def main() -> None:
    run_app(app)
