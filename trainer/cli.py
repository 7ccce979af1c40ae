"""The command line `fertrain`. Heavy imports wait until a command needs them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.cli_runs import compare, reproduce
from trainer.config import TrainConfig, load_config
from trainer.console import notices, print_json, print_table, progress_bars, run_app
from trainer.errors import UsageError
from trainer.recipes import FAST, RECIPES, recipe
from trainer.recipes.pipelines import PIPELINES
from trainer.show import print_data, print_metrics, training_progress

if TYPE_CHECKING:
    from trainer.data.facedata import FaceData
    from trainer.distributed import World

app = typer.Typer(
    help="Train, evaluate and explain facial expression recognition models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(compare)
app.command()(reproduce)

DATA_HELP = "Data set: FER2013's CSV, RAF-DB, AffectNet, a list, class folders or a zip of them"
Data = Annotated[Path, typer.Option("--data", help=f"{DATA_HELP}, or a prepared folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
NoLandmarks = Annotated[
    bool, typer.Option("--no-landmarks", help="Do not look for landmarks; pictures stay unaligned.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]


@app.command()
def prepare(
    source: Annotated[Path, typer.Argument(help=f"{DATA_HELP}.")],
    out: Annotated[Path, typer.Option(help="Folder to write; it needs nothing else to train.")],
    layout: Annotated[
        str,
        typer.Option(
            "--format",
            help="Layout of the data set: auto, fer2013, raf-db, raf-db-original, affectnet, "
            "affectnet8, list, folders.",
        ),
    ] = "auto",
    landmarks: Annotated[
        Path | None,
        typer.Option(help="Folder with 68 rows of x y for each picture (.npy, .txt, .pts)."),
    ] = None,
    no_landmarks: NoLandmarks = False,
    workers: Annotated[int, typer.Option(help="Processes; 0 is one for each core.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Read a data set once and find its landmarks once. Continues after a kill."""
    from trainer.data.prepare import prepare as prepare_data

    if landmarks and no_landmarks:
        raise UsageError("--landmarks and --no-landmarks contradict each other")
    with progress_bars() as progress:
        data = prepare_data(
            source,
            out,
            layout=layout,
            landmarks=not no_landmarks,
            landmark_files=landmarks,
            workers=workers or None,
            progress=progress,
        )
    print_data(data)
    leaked, conflicting = int(data.leaked().sum()), data.conflicting()
    print(
        f"{leaked} training pictures are in another split too, pixel for pixel; data.drop_leaked "
        f"leaves them out. {conflicting} pictures have copies with another label."
    )
    if as_json:
        found = int(data.has_landmarks.sum())
        print_json(
            {
                "out": str(out),
                "samples": len(data),
                "with_landmarks": found,
                "leaked": leaked,
                "conflicting": conflicting,
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
        typer.Option(help=f"Another preparation of the pictures: {', '.join(PIPELINES)}."),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the run.")] = "",
    config_file: Annotated[
        Path | None, typer.Option("--config", help="TOML file with further settings.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.FIELD=VALUE", help="One setting; repeatable."),
    ] = None,
    init: Annotated[
        str,
        typer.Option(help="Weights to start from: a model, a weights file, or imagenet."),
    ] = "",
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    no_landmarks: NoLandmarks = False,
    as_json: Json = False,
) -> None:
    """Train a model. Ctrl+C stops after the current step; `fertrain resume` goes on.

    Several processes: torchrun --nproc-per-node N -m trainer train …
    """
    from trainer.distributed import join
    from trainer.run import create_run

    settings = [*(sets or ()), *([f"model.init={init!r}"] if init else [])]
    base = recipe(recipe_name).values
    if pipeline:
        if pipeline not in PIPELINES:
            raise UsageError(f"--pipeline {pipeline}: known are {', '.join(PIPELINES)}")
        base = {**base, **PIPELINES[pipeline]}
    config = load_config(config_file, settings, **base)
    if no_landmarks:
        config = config.model_copy(
            update={"data": config.data.model_copy(update={"landmarks": False})}
        )
    world = join()
    faces = _open(data, config, world)
    path = ""
    if world.leads:
        path = str(create_run(runs, name or recipe_name, config, data).path)
    _train(Path(world.share(path)), faces, world, as_json)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The run's directory.")],
    data: Annotated[
        Path | None, typer.Option(help="Where its data set lies now, if it moved.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Go on with a run that was stopped or killed."""
    from trainer.distributed import join

    config, source = _read_run(run)
    world = join()
    _train(run, _open(data or source, config, world), world, as_json)


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="A bundled model's name, or a model file.")],
    data: Data,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val",
    tta: Annotated[
        str, typer.Option(help="Views that are averaged: none, flip, tencrop.")
    ] = "none",
    explain: Annotated[
        bool, typer.Option(help="Measure how far attributions lie on the landmarks.")
    ] = False,
    figures: Annotated[
        bool, typer.Option("--figures", help="Draw confusion, right and wrong faces, attention.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the files; a run's model writes to its eval/ by itself."),
    ] = None,
    device: Device = "auto",
    no_landmarks: NoLandmarks = False,
    as_json: Json = False,
) -> None:
    """Measure a model on a split."""
    from trainer.data.prepare import open_data
    from trainer.device import resolve
    from trainer.evaluate import TTA
    from trainer.evaluate import evaluate as evaluate_model
    from trainer.model_index import find_model
    from trainer.models.model_file import load_model
    from trainer.run import RunDir

    if tta not in TTA:
        raise UsageError(f"--tta {tta}: known are {', '.join(TTA)}")
    path = find_model(model)
    if out is None and path.parent.name == "checkpoints":
        out = RunDir(path.parent.parent).eval(split)
    if figures and out is None:
        raise UsageError("--figures: there is no folder for them", "Name one with --out DIR.")
    where = resolve(device)
    network, card = load_model(path, where)
    with progress_bars() as progress:
        faces = open_data(data, landmarks=not no_landmarks, progress=progress)
    if no_landmarks:
        faces = faces.without_landmarks()
    if faces.classes != card.classes:
        raise UsageError(
            f"{path}: its classes {', '.join(card.classes)} are not those of {data}",
            f"The data set has {', '.join(faces.classes)}.",
        )
    result = evaluate_model(
        network, card, faces.of_split(split), where, tta=tta, explain=explain, out=out
    )
    print_metrics(result)
    if figures and out is not None:
        from trainer.reports.evaluation import write_figures

        write_figures(out, network, card, faces.of_split(split), where)
    if out is not None:
        notices.print(f"Written to {out}")
    if as_json:
        print_json({"model": str(path), "split": split, "tta": tta, **result})


@app.command()
def export(
    model: Annotated[str, typer.Option(help="A bundled model's name, or a model file.")],
    out: Annotated[Path, typer.Option(help="File to write: .safetensors, weights in float16.")],
    keep_attention: Annotated[
        bool, typer.Option(help="Keep DACL's attention network, which predictions do not use.")
    ] = False,
    licence: Annotated[
        str, typer.Option(help="Licence of the weights and terms of their data, for the card.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write a model to be handed on: half the size, named like its file, with its licence."""
    from dataclasses import replace

    import torch

    from trainer.model_index import SUFFIX, find_model
    from trainer.models.model_file import load_model, save_model

    if out.suffix != SUFFIX:
        raise UsageError(f"--out {out}: the name must end with {SUFFIX}")
    network, card = load_model(find_model(model))
    state = network.state_dict()
    if not keep_attention:
        state, arguments = network.for_prediction(state, card.arguments)
        card = replace(card, arguments=arguments)
    card = replace(card, name=out.stem, licence=licence or card.licence)
    save_model(out, state, card, torch.float16)
    size = out.stat().st_size
    notices.print(f"Written {out}, {size / 2**20:.1f} MiB")
    if as_json:
        print_json({"out": str(out), "bytes": size})


@app.command()
def models(
    name: Annotated[str, typer.Argument(help="An architecture, to print its layers.")] = "",
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="An option of the architecture."),
    ] = None,
    size: Annotated[int, typer.Option(help="Side of the input in px; 0 is its own.", min=0)] = 0,
    channels: Annotated[int, typer.Option(help="1 is grey, 3 colour.", min=1, max=4)] = 1,
    as_json: Json = False,
) -> None:
    """List the architectures and the bundled models, or the layers of one architecture."""
    import torch

    from trainer.model_index import bundled_models, find_model, read_card
    from trainer.models import create, names

    if name:
        _describe(
            name,
            load_config(sets=[f"model.options.{o}" for o in options or ()]),
            size,
            channels,
            as_json,
        )
        return
    with torch.device("meta"):  # shapes alone: some have hundreds of millions of parameters
        nets = {each: create(each) for each in names()}
    rows = [
        [each, f"{sum(p.numel() for p in net.parameters()):,}", f"{net.default_input_size} px"]
        for each, net in nets.items()
    ]
    print_table(["architecture", "parameters", "input"], rows)
    cards = {each: read_card(find_model(each)) for each in bundled_models()}
    print()
    print_table(
        ["bundled model", "architecture", "val accuracy"],
        [
            [each, card.architecture, f"{card.metrics.get('accuracy', float('nan')):.2%}"]
            for each, card in cards.items()
        ],
    )
    if as_json:
        print_json({"architectures": list(nets), "bundled": list(cards)})


def _describe(name: str, config: TrainConfig, size: int, channels: int, as_json: bool) -> None:
    from dataclasses import asdict

    from trainer.models import create
    from trainer.models.describe import describe

    model = create(name, in_channels=channels, input_size=size or None, **config.model.options)
    side = size or model.default_input_size
    table = describe(model, channels, side)
    print_table(
        ["layer", "kind", "output", "parameters"],
        [
            [row.name, row.kind, " × ".join(map(str, row.shape)), f"{row.parameters:,}"]
            for row in table.layers
        ],
    )
    print(
        f"{name} at {channels} × {side} × {side}: {table.parameters:,} parameters, "
        f"{table.flops / 1e9:.3f} GFLOP a picture; attribution layer {model.attribution_layer}"
    )
    if as_json:
        print_json({"name": name, **asdict(table)})


@app.command()
def bench(
    device: Device = "auto",
    batch_size: Annotated[int, typer.Option(min=2, help="Pictures a step.")] = 32,
    rounds: Annotated[int, typer.Option(min=1, help="Steps of each kind.")] = 7,
    as_json: Json = False,
) -> None:
    """Time a training step of each objective, and the whole loop: ResNet18, 112 px, one run."""
    from trainer.bench import bench_steps
    from trainer.bench_loop import bench_loop

    with progress_bars() as progress:
        result = bench_steps(device, batch_size, rounds, lambda i, n: progress("steps", i, n))
        loop = bench_loop(device, batch_size, rounds, lambda i, n: progress("loop", i, n))
    print_table(
        ["step", "ms", "× cross-entropy"],
        [[row.name, f"{row.ms:.0f}", f"{row.ratio:.2f}"] for row in result],
    )
    print(
        f"\nLoader alone {loop.loader:.0f} img/s, {loop.loader / loop.loop:.1f} × the training "
        f"loop's {loop.loop:.1f}; torchvision's loop {loop.torchvision:.1f} img/s, so ours turns "
        f"{loop.loop / loop.torchvision:.2f} × as fast."
    )
    if as_json:
        print_json(
            {
                "batch_size": batch_size,
                "steps": [row.as_dict() for row in result],
                "loop": loop.as_dict(),
            }
        )


@app.command()
def recipes(as_json: Json = False) -> None:
    """List the named configurations."""
    listed = [each for name, each in RECIPES.items() if not name.endswith(FAST)]
    print_table(
        ["recipe", "what", "source", "published"],
        [[each.name, each.title, each.source, each.published] for each in listed],
    )
    print()
    fast = ", ".join(dict.fromkeys(name.split("/")[0] for name in RECIPES if name.endswith(FAST)))
    print(f"The recipes of {fast} have a fast form for one CPU: add {FAST} to the name.")
    if as_json:
        print_json({"recipes": list(RECIPES)})


def _open(data: Path, config: TrainConfig, world: "World") -> "FaceData":
    from trainer.data.prepare import open_data

    with world.in_turn(), progress_bars() as progress:  # the leading process fills the cache
        faces = open_data(data, landmarks=config.data.landmarks, progress=progress)
    return faces if config.data.landmarks else faces.without_landmarks()


def _read_run(run: Path) -> tuple[TrainConfig, Path]:
    from trainer.run import RunDir

    try:
        head = json.loads(RunDir(run).config.read_text(encoding="utf-8"))
        return TrainConfig.model_validate(head["config"]), Path(head["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{run}: this is no run directory ({error})") from error


def _train(path: Path, faces: "FaceData", world: "World", as_json: bool) -> None:
    from trainer.loop import train as train_model
    from trainer.run import RunDir

    run = RunDir(path)
    config, _ = _read_run(path)
    name = json.loads(run.config.read_text(encoding="utf-8"))["name"]
    if not world.leads:
        train_model(run, name, config, faces, world=world)
        return
    notices.print(f"Run {run.path}")
    with training_progress() as report:
        best = train_model(run, name, config, faces, report, world)
    notices.print(f"Best epoch {best['epoch']}: val {best['accuracy']:.2%}. Model: {run.best}")
    if as_json:
        print_json({"run": str(run.path), "model": str(run.best), "best": best})


def main() -> None:
    run_app(app)
