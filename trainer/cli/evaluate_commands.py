"""Commands that measure models: `evaluate` and `explain`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.cli.printing import (
    notices,
    print_json,
    print_table,
    progress_bars,
    warn_of_little_room,
)
from trainer.cli.shared_options import (
    DATA_HELP,
    Classes,
    ClassMap,
    Data,
    Device,
    Json,
    Layout,
    Method,
    NoLandmarks,
    Plugin,
    Prior,
    Split,
    data_settings,
    known_path,
)
from trainer.cli.summaries import explanations_table, print_explanation, print_metrics
from trainer.errors import UsageError
from trainer.files import check_writable_folder
from trainer.memory import EVALUATE

if TYPE_CHECKING:
    import torch

    from trainer.data.face_data import FaceData

Model = Annotated[str, typer.Option(help="A bundled model's name, or a model file (.onnx too).")]
DataOrNone = Annotated[
    Path | None,
    typer.Option("--data", help=f"{DATA_HELP}, or a prepared folder.", callback=known_path),
]


def evaluate(
    data: Data,
    model: Model = "",
    runs: Annotated[
        Path | None, typer.Option(help="A folder of runs, to put their best models in one table.")
    ] = None,
    split: Split = "val",
    tta: Annotated[str, typer.Option(help="Test-time augmentation: none, flip, tencrop.")] = "none",
    prior: Prior = "trained",
    explain: Annotated[
        bool,
        typer.Option(help="Measure how well attributions match landmarks and action units."),
    ] = False,
    method: Method = "",
    corruptions: Annotated[
        bool,
        typer.Option(
            "--corruptions",
            help="Measure on degraded pictures: dark, bright, coarse, noisy, rolled.",
        ),
    ] = False,
    drop_leaked: Annotated[
        bool,
        typer.Option("--drop-leaked", help="Leave out pictures that also appear in another split."),
    ] = False,
    figures: Annotated[
        bool,
        typer.Option(
            "--figures", help="Draw the confusion matrix, correct and wrong faces, attention."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the files; the default for a run's model is the run's eval/."
        ),
    ] = None,
    device: Device = "auto",
    no_landmarks: NoLandmarks = False,
    layout: Layout = "",
    classes: Classes = "",
    class_map: ClassMap = "",
    plugin: Plugin = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model, or the models of all runs in a folder, on a split."""
    warn_of_little_room("fertrain evaluate", EVALUATE)
    from trainer.model_index import find_model, read_card
    from trainer.prior import ClassPrior

    # what is quick to check comes before torch is loaded, and that before the data set is read
    if method and not explain:
        raise UsageError("--method: only --explain measures attributions")
    if bool(model) == (runs is not None):
        raise UsageError("Name one of --model and --runs")
    files = _models_of(runs) if runs is not None else [find_model(model)]
    if out is not None and len(files) > 1:
        raise UsageError("--out: the runs' results are written to their own eval/ folders")
    for file in files:
        ClassPrior.of(read_card(file), prior)
    folders = [out or _own_folder(file, split) for file in files]
    if figures and None in folders:
        raise UsageError("--figures need a folder", "Name one with --out DIR.")
    if out is not None:
        check_writable_folder(out)
    from trainer.device import resolve_device
    from trainer.evaluation.evaluate import TTA

    if tta not in TTA:
        raise UsageError(f"--tta {tta}: known are {', '.join(TTA)}")
    torch_device = resolve_device(device)
    stated = data_settings(layout, classes, class_map)
    _check_data(data, files, stated)
    samples = _open_data(data, files, no_landmarks, stated)
    faces = (samples.without_leaked(split) if drop_leaked else samples).of_split(split)
    face_sets = [_aligned_as_trained(file, faces) for file in files]
    results = [
        {
            "model": str(file),
            **_evaluate(
                file,
                data,
                face_set,
                folder,
                figures,
                torch_device,
                tta=tta,
                prior=prior,
                explain=explain,
                method=method,
                corruptions=corruptions,
            ),
        }
        for file, face_set, folder in zip(files, face_sets, folders, strict=True)
    ]
    if runs is None:
        print_metrics(results[0])
    else:
        print_table(*explanations_table(results))
    if as_json:
        print_json(results[0] if runs is None else {"models": results})


def _own_folder(model: Path, split: str) -> Path | None:
    """The folder for evaluations of a run's models; None for other models."""
    from trainer.training.run_dir import RunDir

    return RunDir(model.parent.parent).eval(split) if model.parent.name == "checkpoints" else None


def _evaluate(
    path: Path,
    data: Path,
    faces: "FaceData",
    out: Path | None,
    figures: bool,
    device: "torch.device",
    **options: Any,
) -> dict[str, Any]:
    """The metrics; `options` are those of `trainer.evaluation.evaluate.evaluate`."""
    from trainer.evaluation.evaluate import evaluate as evaluate_model
    from trainer.evaluation.evaluate import match_classes
    from trainer.models.model_file import load_model
    from trainer.prior import ClassPrior

    network, card = load_model(path, device)
    faces = match_classes(str(path), card, faces)
    result = evaluate_model(
        network,
        card,
        faces,
        device,
        **options,
        out=out,
        origin={"model_file": str(path.resolve()), "data_path": str(data.resolve())},
    )
    if figures and out is not None:
        from trainer.data.clips import clip_rows, one_a_clip
        from trainer.reports.evaluation_report import write_evaluation_figures

        if faces.clip is not None:
            faces = one_a_clip(faces, clip_rows(faces))
        write_evaluation_figures(out, network, card, faces, device)
    if out is not None:
        notices.print(f"Wrote {out}", soft_wrap=True)
    prior = ClassPrior.of(card, options["prior"])
    return {"tta": options["tta"], "prior": prior.as_json(), **result}


def explain(
    data: DataOrNone = None,
    image: Annotated[
        Path | None, typer.Option(help="One picture instead of a data set.", callback=known_path)
    ] = None,
    model: Model = "default",
    split: Split = "val",
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("explanation"),
    method: Method = "",
    samples: Annotated[
        int, typer.Option(help="Samples to measure, drawn at random; 0 is all.", min=0)
    ] = 200,
    device: Device = "auto",
    no_landmarks: NoLandmarks = False,
    layout: Layout = "",
    classes: Classes = "",
    class_map: ClassMap = "",
    plugin: Plugin = None,
    as_json: Json = False,
) -> None:
    """Report how a model decides, and how good its explanations are, as HTML and Markdown."""
    warn_of_little_room("fertrain explain", EVALUATE)
    from trainer.model_index import find_model

    if (data is None) == (image is None):
        raise UsageError("Name one of --data and --image")
    if image is not None and method:
        raise UsageError("--method: a single picture is explained with every method")
    path = find_model(model)
    check_writable_folder(out)
    from trainer.attribution.core import check_served
    from trainer.attribution_methods import find_method
    from trainer.device import resolve_device
    from trainer.evaluation.evaluate import match_classes
    from trainer.models.model_file import load_model
    from trainer.reports.explanation_report import (
        write_explanation_report,
        write_picture_explanation,
    )

    torch_device = resolve_device(device)
    network, card = load_model(path, torch_device)
    if method:
        check_served(network, find_method(method), None)
    if image is not None:
        result = write_picture_explanation(network, card, image, torch_device, out)
        print(f"{result['label']} {result['probabilities'][result['label']]:.0%}")
    elif data is not None:
        stated = data_settings(layout, classes, class_map)
        _check_data(data, [path], stated)
        samples_read = _open_data(data, [path], no_landmarks, stated)
        faces = _aligned_as_trained(path, samples_read.of_split(split))
        faces = match_classes(str(path), card, faces)
        with progress_bars() as progress:
            result = write_explanation_report(
                network,
                card,
                faces,
                torch_device,
                out,
                method=method,
                limit=samples,
                progress=progress,
            )
        print_explanation(result)
    notices.print(f"Wrote {out / 'report.html'}", soft_wrap=True)
    if as_json:
        print_json({"out": str(out), **result})


def _check_data(data: Path, models: list[Path], stated: dict[str, Any]) -> None:
    """Raise UsageError or DataError for what can be seen before the pictures are read."""
    from trainer.reports.data_as_trained import check_as_trained

    check_as_trained(data, models, stated)


def _open_data(
    data: Path, models: list[Path], no_landmarks: bool, stated: dict[str, Any]
) -> "FaceData":
    from trainer.reports.data_as_trained import open_as_trained

    with progress_bars() as progress:
        return open_as_trained(data, models, not no_landmarks, stated, progress)


def _aligned_as_trained(model: Path, faces: "FaceData") -> "FaceData":
    from trainer.reports.data_as_trained import aligned_as_trained

    pictures = aligned_as_trained(model, faces)
    if pictures is not faces and faces.has_landmarks.any():
        notices.print(
            f"{model}: evaluated on unaligned pictures, as it was trained", soft_wrap=True
        )
    return pictures


def _models_of(runs: Path) -> list[Path]:
    """The best models of all runs in a folder. Raises UsageError when there are none."""
    from trainer.training.run_dir import RunDir

    finished = sorted(run for run in runs.glob("*") if RunDir(run).best.is_file())
    if not finished:
        raise UsageError(f"{runs}: no run in it has a model")
    return [RunDir(run).best for run in finished]
