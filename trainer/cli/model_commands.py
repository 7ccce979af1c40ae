"""Commands on models and networks: `export`, `average`, `models` and `bench`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.cli.printing import notices, print_json, print_table, progress_bars
from trainer.cli.shared_options import Device, Json, known_path
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.files import check_writable_folder

if TYPE_CHECKING:
    from trainer.card import ModelCard
    from trainer.models import FerModel


def export(
    model: Annotated[str, typer.Option(help="A bundled model's name, a model file, or a run.")],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write: .safetensors with float16 weights, or .onnx, which runs without "
            "torch and is checked against torch first."
        ),
    ],
    keep_attention: Annotated[
        bool, typer.Option(help="Keep DACL's attention network, which predictions do not need.")
    ] = False,
    licence: Annotated[
        str,
        typer.Option(help="Licence of the weights and terms of their data, for the model card."),
    ] = "",
    about: Annotated[
        str, typer.Option(help="What it is for, in a few words, for lists and the model card.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write a model for others: one file, named after it, with its licence."""
    from trainer.model_index import MODEL_SUFFIX, find_model, is_own

    to_onnx = out.suffix == ".onnx"
    if not to_onnx and out.suffix != MODEL_SUFFIX:
        raise UsageError(f"--out {out}: the name must end with {MODEL_SUFFIX} or .onnx")
    if to_onnx and keep_attention:
        raise UsageError("--keep-attention: an ONNX file has only what predictions use")
    file = find_model(model)
    if not is_own(file):
        raise UsageError(
            f"--model {model}: only models of this project are exported",
            "An ONNX file is what it is: copy it together with its card.",
        )
    check_writable_folder(out.parent)
    import torch

    from trainer.models.model_file import load_model, save_model

    network, card = load_model(file)
    card = card.model_copy(
        update={
            "name": out.stem,
            "licence": licence or card.licence,
            "about": about or card.about,
        }
    )
    if to_onnx:
        _export_onnx(out, network, card, as_json)
        return
    state = network.state_dict()
    if not keep_attention:
        state, arguments = network.for_prediction(state, card.arguments)
        card = card.model_copy(update={"arguments": arguments})
    save_model(out, state, card, torch.float16)
    size = out.stat().st_size
    notices.print(f"Wrote {out}, {size / 2**20:.1f} MiB")
    if as_json:
        print_json({"out": str(out), "bytes": size})


def _export_onnx(out: Path, network: "FerModel", card: "ModelCard", as_json: bool) -> None:
    from trainer.export.onnx_export import export_onnx
    from trainer.other_card import card_file

    exported = export_onnx(out, network, card)
    notices.print(f"Wrote {out}, {exported.bytes / 2**20:.1f} MiB, ONNX opset {exported.opset}")
    print(f"Beside it, {card_file(out).name} is the card with which it is opened here again.\n")
    tensors = [("input", exported.inputs), ("output", exported.outputs)]
    print_table(
        ["", "name", "shape"],
        [
            [kind, name, " × ".join(map(str, shape))]
            for kind, shapes in tensors
            for name, shape in shapes.items()
        ],
    )
    *sizes, last = exported.batch_sizes
    print(
        f"Largest difference from torch: {exported.max_difference:.1e}, on {exported.faces} faces "
        f"in batches of {', '.join(map(str, sizes))} and {last}"
    )
    if as_json:
        print_json(exported.as_dict())


def average(
    model: Annotated[
        list[str], typer.Option(help="A model file or a bundled model's name; give two or more.")
    ],
    data: Annotated[
        Path,
        typer.Option(
            help="A prepared folder, whose split val evaluates the mean.", callback=known_path
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write, .safetensors.")],
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Average the weights of several fine-tunings of one model: often better than any of them."""
    from trainer.model_index import MODEL_SUFFIX, find_model, is_own

    if len(model) < 2:
        raise UsageError("--model: give two models or more")
    if out.suffix != MODEL_SUFFIX:
        raise UsageError(f"--out {out}: the name must end with {MODEL_SUFFIX}")
    files = [find_model(name) for name in model]
    if not all(is_own(file) for file in files):
        raise UsageError("--model: only models of this project have weights that can be averaged")
    check_writable_folder(out.parent)
    from trainer.data.prepare import open_data
    from trainer.device import resolve_device
    from trainer.models.model_file import load_model, save_model
    from trainer.training.averaging import average_models, average_weights

    torch_device = resolve_device(device)
    members = [load_model(file, torch_device) for file in files]
    average_weights(members)  # networks that differ are refused before the data set is read
    with progress_bars() as progress:
        validation = open_data(data, progress=progress).of_split("val")
    network, card = average_models(members, validation, torch_device)
    save_model(out, network.state_dict(), card.model_copy(update={"name": out.stem}))
    accuracy = card.metrics["accuracy"]
    print_table(
        ["model", "val accuracy"],
        [
            *(
                [name, f"{member.metrics.get('accuracy', float('nan')):.2%}"]
                for name, (_, member) in zip(model, members, strict=True)
            ),
            [str(out), f"{accuracy:.2%}"],
        ],
    )
    if as_json:
        print_json({"out": str(out), "accuracy": accuracy})


def models(
    name: Annotated[str, typer.Argument(help="An architecture, to list its layers.")] = "",
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="An option of the architecture."),
    ] = None,
    size: Annotated[
        int, typer.Option(help="Side of the input in px; 0 is the architecture's own.", min=0)
    ] = 0,
    channels: Annotated[int, typer.Option(help="1 is grey, 3 colour.", min=1, max=4)] = 1,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx",
            help="Write a card beside somebody's ONNX file, to be completed: FILE.json.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the architectures and the bundled models, or the layers of one architecture."""
    if card is not None:
        _write_card(card, as_json)
        return
    from trainer.model_index import bundled_models, find_model, read_card
    from trainer.models import create, names
    from trainer.models.shapes_only import shapes_only

    if name:
        _describe(
            name,
            load_config(sets=[f"model.options.{option}" for option in options or ()]),
            size,
            channels,
            as_json,
        )
        return
    with shapes_only():  # some have hundreds of millions of parameters
        networks = {architecture: create(architecture) for architecture in names()}
    rows = [
        [
            name,
            f"{sum(p.numel() for p in network.parameters()):,}",
            f"{network.default_input_size} px",
        ]
        for name, network in networks.items()
    ]
    print_table(["architecture", "parameters", "input"], rows)
    cards = {bundled: read_card(find_model(bundled)) for bundled in bundled_models()}
    print()
    print_table(
        ["bundled model", "val accuracy", "for"],
        [
            [bundled, f"{card.metrics.get('accuracy', float('nan')):.2%}", card.about]
            for bundled, card in cards.items()
        ],
    )
    if as_json:
        print_json({"architectures": list(networks), "bundled": list(cards)})


def _write_card(onnx: Path, as_json: bool) -> None:
    from trainer.models.other_models.card_template import write_card_template

    file, to_complete = write_card_template(onnx)
    notices.print(f"Wrote {file}", soft_wrap=True)
    for line in to_complete:
        print(line)
    if as_json:
        print_json({"card": str(file), "to_complete": to_complete})


def _describe(name: str, config: TrainConfig, size: int, channels: int, as_json: bool) -> None:
    from dataclasses import asdict

    from trainer.models import create
    from trainer.models.describe import describe_network

    model = create(name, in_channels=channels, input_size=size or None, **config.model.options)
    side = size or model.default_input_size
    table = describe_network(model, channels, side)
    print_table(
        ["layer", "kind", "output", "parameters"],
        [
            [row.name, row.kind, " × ".join(map(str, row.shape)), f"{row.parameters:,}"]
            for row in table.layers
        ],
    )
    prediction = table.prediction_flops
    beside = "" if prediction == table.flops else f", {prediction / 1e9:.3f} of them to predict"
    print(
        f"{name} at {channels} × {side} × {side}: {table.parameters:,} parameters, "
        f"{table.flops / 1e9:.3f} GFLOP a picture{beside}; attribution layer "
        f"{model.attribution_layer}"
    )
    if as_json:
        print_json({"name": name, **asdict(table)})


def bench(
    device: Device = "auto",
    batch_size: Annotated[int, typer.Option(min=2, help="Pictures per step with each loss.")] = 32,
    rounds: Annotated[
        int, typer.Option(min=1, help="Measurements, of which the median is shown.")
    ] = 7,
    recipe_name: Annotated[
        str, typer.Option("--recipe", help="Only time how fast this recipe trains.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Time a training step with each loss (ResNet18, 112 px), and the whole training loop with the
    compact network, beside a plain PyTorch loop.
    """
    if recipe_name:
        _bench_recipe(recipe_name, device, as_json)
        return
    from trainer.training.loop_bench import bench_loop
    from trainer.training.step_bench import bench_steps

    with progress_bars() as progress:
        result = bench_steps(device, batch_size, rounds, lambda i, n: progress("steps", i, n))
        loop = bench_loop(device, rounds, lambda i, n: progress("loop", i, n))
    print_table(
        ["step", "ms", "× cross-entropy"],
        [[row.name, f"{row.ms:.0f}", f"{row.ratio:.2f}"] for row in result],
    )
    print(
        f"\nThe loop with {loop.network} at {loop.input_size} px, batches of {loop.batch_size}, on "
        f"{loop.device}, {loop.threads} CPU threads:"
    )
    print_table(
        ["loop", "precision", "loading", "img/s", "× plain"],
        [
            [
                row.name,
                row.precision,
                row.loading,
                f"{row.images_per_second:.0f}",
                f"{row.ratio:.2f}",
            ]
            for row in loop.loops
        ],
    )
    print(f"Loading and augmentation alone: {loop.loader:.0f} img/s.\n")
    print_table(
        ["operation", "% of a step"],
        [[cost.operation, f"{100 * cost.share:.1f}"] for cost in loop.costs],
    )
    if as_json:
        print_json(
            {
                "batch_size": batch_size,
                "steps": [row.as_dict() for row in result],
                "loop": loop.as_dict(),
            }
        )


def _bench_recipe(name: str, device: str, as_json: bool) -> None:
    import trainer.losses  # noqa: F401  registers the losses' settings
    from trainer.recipes import recipe
    from trainer.training.recipe_bench import training_speed

    speed = training_speed(load_config(None, (), **recipe(name).values), device)
    print(f"{name} trains on {speed:.3g} pictures per second here")
    if as_json:
        print_json({"recipe": name, "images_per_second": speed})
