"""Output of the commands for people: training progress, data sets, metrics."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn

from trainer.cli.printing import notices, print_table
from trainer.config.train_config import TrainConfig, all_fields
from trainer.evaluation.intervals import share_text
from trainer.prior import TRAINED
from trainer.training.text_log import end_lines, epoch_line, loss_terms

if TYPE_CHECKING:
    from trainer.data.face_data import FaceData
    from trainer.recipes import Recipe

LINE_WIDTH = 80  # characters


@contextmanager
def training_progress() -> Iterator[Callable[[dict[str, Any]], None]]:
    """A bar with speed and time left, and a line per epoch, from the events of a run."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
    with Progress(*columns, console=notices) as bars:
        task = bars.add_task("training", text="")
        per_epoch = 0

        def report(event: dict[str, Any]) -> None:
            nonlocal per_epoch
            if event["event"] == "step":
                minutes, seconds = divmod(event["eta_s"], 60)
                status = f"{minutes:.0f}:{seconds:02.0f} left"
                if per_epoch and event["step"] % per_epoch == 0:
                    status = "validating"
                bars.update(
                    task,
                    completed=event["step"],
                    total=event["steps"],
                    description=f"epoch {event['epoch']}",
                    text=f"loss {event['loss']:.3f}{loss_terms(event)}  "
                    f"{event['images_per_second']:.0f} img/s  {status}",
                )
            elif event["event"] in ("epoch", "validation"):
                bars.console.print(epoch_line(event), soft_wrap=True)
            elif event["event"] == "run_ended":
                for line in end_lines(event):
                    bars.console.print(line, soft_wrap=True)
            elif event["event"] == "run_started":
                per_epoch = event["steps"] // event["epochs"]
                if event["init"]:
                    bars.console.print(event["init"], soft_wrap=True)

        yield report


def print_settings(config: TrainConfig) -> None:
    """Each setting as `--set` takes it, with its unit, and what it does."""
    rows = []
    for key, info in all_fields().items():
        value: Any = config
        for part in key.split("."):
            value = getattr(value, part)
        extra = info.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        rows.append([key, " ".join((text, unit * (unit != text))).strip(), info.description or ""])
    print_table(["setting", "value", "what it does"], rows)


def print_recipes(recipes: "Sequence[Recipe]") -> None:
    """The recipes of each source under its name, in lines of at most `LINE_WIDTH`."""
    for source, group in groupby(recipes, lambda recipe: recipe.source):
        rows = list(group)
        has_one_number = len({recipe.published for recipe in rows}) == 1
        published = f"; published: {rows[0].published}" if has_one_number else ""
        print_line(f"{source[:1].upper()}{source[1:]}{published}")
        width = max(len(recipe.name) for recipe in rows)
        for recipe in rows:
            indent = f"  {recipe.name:{width}}  "
            number = f"Published: {recipe.published}".replace(" ", "\u00a0")  # never wrapped
            text = fill(
                recipe.title if has_one_number else f"{recipe.title}. {number}",
                LINE_WIDTH,
                initial_indent=indent,
                subsequent_indent=" " * len(indent),
                break_on_hyphens=False,
            )
            print(text.replace("\u00a0", " "))
        print()


def summary_of(recipe: "Recipe") -> dict[str, str]:
    """A recipe without its settings, for `--json`."""
    return {
        "name": recipe.name,
        "group": recipe.group,
        "title": recipe.title,
        "source": recipe.source,
        "published": recipe.published,
    }


def print_recipe(recipe: "Recipe") -> None:
    """What a recipe is, its source, and where it differs from that on purpose."""
    lines = (
        f"{recipe.name}: {recipe.title}",
        f"Group: {recipe.group}",
        f"Source: {recipe.source}",
        f"Published: {recipe.published or 'none'}",
        recipe.differences,
    )
    for line in filter(None, lines):
        print_line(line)
    print()


def print_line(text: str) -> None:
    """A sentence in lines of at most `LINE_WIDTH`."""
    print(fill(text, LINE_WIDTH, break_on_hyphens=False))


def print_data(data: "FaceData") -> None:
    """Samples of each class in each split."""
    counts = data.class_counts()
    rows = [
        [split, *(str(row.get(name, 0)) for name in data.classes), str(sum(row.values()))]
        for split, row in counts.items()
    ]
    print_table(["split", *data.classes, "all"], rows)
    print(f"{int(data.has_landmarks.sum())} of {len(data)} samples have landmarks.")


def print_copies(leaked: int, conflicting: int) -> None:
    """Training pictures that another split has too, and pictures labelled in two ways."""
    appear = "picture also appears" if leaked == 1 else "pictures also appear"
    have = "picture has a copy" if conflicting == 1 else "pictures have copies"
    print(
        f"{leaked} training {appear}, pixel for pixel, in another split (data.drop_leaked leaves "
        f"such pictures out). {conflicting} {have} with another label."
    )


def print_metrics(result: dict[str, Any]) -> None:
    from trainer.evaluation.evaluation_document import (
        condition_text,
        figures_text,
        valence_arousal_line,
    )

    print_table(
        ["class", "n", "accuracy", "precision", "F1"],
        [
            [
                name,
                str(row["n"]),
                share_text(row["accuracy"], row["interval"]),
                f"{100 * row['precision']:.1f} %",
                f"{row['f1']:.3f}",
            ]
            for name, row in result["per_class"].items()
        ],
    )
    if result["prior"] != TRAINED:
        assumed = result["prior"] if isinstance(result["prior"], str) else "given"
        print(f"with the class shares {assumed}, not those of training")
    print(figures_text(result))
    print(f"({condition_text(result)}; in brackets 95 % intervals)")
    if "valence_arousal" in result:
        print(valence_arousal_line(result["valence_arousal"]))
    if "landmark_r" in result:
        r = result["landmark_r"]
        print(f"attribution and landmarks r {r['mean']:.3f} ± {r['std']:.3f} (n {r['n']})")
    if result.get("au"):
        au = {kind: row["mean"] for kind, row in result["au"].items()}
        attention = f"ATT-COS {au['att_cos']:.3f}; " if "att_cos" in au else ""
        print(
            f"action units: CAM-COS {au['cam_cos']:.3f} of the positive evidence, "
            f"{au['cam_cos_min_max']:.3f} of the map from its minimum (the authors' code); "
            f"{attention}constant maps reach {au['mean_au']:.3f} (mean action unit map), "
            f"{au['gaussian']:.3f} (Gaussian), {au['uniform']:.3f} (uniform)"
        )
    if "votes" in result:
        print(
            f"FERPlus majority {result['votes']['majority_accuracy']:.2%} "
            f"(n {result['votes']['n']})"
        )
    if "corruptions" in result:
        rows = result["corruptions"].items()
        print_table(
            ["corruption", "accuracy", "lost", "mean class"],
            [
                [
                    name,
                    f"{row['accuracy']:.2%}",
                    f"{100 * (result['accuracy'] - row['accuracy']):.1f} pt",
                    f"{row['mean_class_accuracy']:.2%}",
                ]
                for name, row in rows
            ],
        )


def explanations_table(results: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """One row per model, with the cosines that constant maps reach beside the model's.

    CAM-COS is of the positive evidence, "min–max" of the map from its minimum.
    """
    columns = ["model", "epoch", "split", "n", "accuracy", "mean class", "ECE, calibrated"]
    if any(result.get("au") for result in results):
        columns += ["method", "r", "CAM-COS", "min–max", "ATT-COS"]
        columns += ["mean AU", "Gaussian", "uniform"]
    rows = []
    for result in results:
        row = [
            _run_name(result["model"]),
            "–" if result["epoch"] is None else str(result["epoch"]),
            result["split"],
            str(result["n"]),
            share_text(result["accuracy"], result["intervals"]["accuracy"]),
            share_text(result["mean_class_accuracy"], result["intervals"]["mean_class_accuracy"]),
            f"{result['ece']:.3f}",
        ]
        au = result.get("au")
        if au:
            kinds = ("cam_cos", "cam_cos_min_max", "att_cos", "mean_au", "gaussian", "uniform")
            row += [result["explanation"], f"{result['landmark_r']['mean']:.3f}"]
            row += [f"{au[kind]['mean']:.3f}" for kind in kinds]
        rows.append(row + [""] * (len(columns) - len(row)))
    return columns, rows


def _run_name(model: str) -> str:
    path = Path(model)
    return path.parent.parent.name if path.parent.name == "checkpoints" else path.stem


def print_explanation(result: dict[str, Any]) -> None:
    """The measures of `trainer.evaluation.explanation_quality`, one row each."""
    kinds = list(result["maps"])
    rows = []
    for name in result["maps"]["model"]:
        values = [result["maps"][kind].get(name) for kind in kinds]
        rows.append([name, *(f"{value['mean']:.3f}" if value else "–" for value in values)])
    print_table([result["method"], *kinds], rows)
    accuracy = share_text(result["accuracy"], result["intervals"]["accuracy"])
    print(f"accuracy {accuracy} of {result['n']:,}; in brackets the 95 % interval")
    if result["randomised"]:
        last = result["randomised"][-1]["spearman"]
        print(f"Spearman r with the maps of an untrained network {last:+.3f}")
    else:
        print("This model's weights cannot be changed: none of an untrained network to compare.")
