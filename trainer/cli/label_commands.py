"""The command that looks for wrong labels: `labels`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from trainer.cli.printing import (
    notices,
    print_json,
    print_table,
    progress_bars,
    warn_of_little_room,
)
from trainer.cli.shared_options import (
    Classes,
    ClassMap,
    Data,
    Device,
    Json,
    Layout,
    NoLandmarks,
    Plugin,
    Split,
    data_settings,
)
from trainer.cli.summaries import print_line
from trainer.errors import UsageError
from trainer.files import check_writable_folder
from trainer.memory import EVALUATE

if TYPE_CHECKING:
    from trainer.evaluation.label_errors import LabelReport, Suspect

SHOWN = 20  # suspects
JUDGED = 100  # first suspects, compared with the annotators' votes


def labels(
    data: Data,
    split: Split = "train",
    folds: Annotated[
        int, typer.Option(help="Parts, each predicted from the labels of the others.", min=2)
    ] = 5,
    features: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="The model whose features are compared: a bundled model's name, a model file or "
            "a run. Its classes may be others.",
        ),
    ] = "default",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="File for all suspects.")
    ] = None,
    device: Device = "auto",
    no_landmarks: NoLandmarks = False,
    layout: Layout = "",
    classes: Classes = "",
    class_map: ClassMap = "",
    plugin: Plugin = None,
    as_json: Json = False,
) -> None:
    """Find labels that are probably wrong, most suspect first, and how many there are."""
    warn_of_little_room("fertrain labels", EVALUATE)
    from trainer.model_index import find_model

    began = time.monotonic()
    model = find_model(features)
    if out is not None:
        if out.is_dir():
            raise UsageError(f"{out}: this is a folder", "Name a file, such as suspects.csv.")
        check_writable_folder(out.parent)
    from trainer.device import resolve_device
    from trainer.evaluation.label_errors import find_suspects, write_suspects
    from trainer.reports.data_as_trained import aligned_as_trained, open_for_features

    resolve_device(device)
    stated = data_settings(layout, classes, class_map)
    with progress_bars() as progress:
        faces = open_for_features(data, model, not no_landmarks, stated, progress)
        report = find_suspects(
            aligned_as_trained(model, faces),
            split=split,
            folds=folds,
            features=model,
            device=device,
            report=progress,
        )
    if out is not None:
        write_suspects(out, report)
    _print_report(report)
    if out is not None:
        notices.print(f"Wrote {out}", soft_wrap=True)
    if as_json:
        seconds = round(time.monotonic() - began, 1)
        print_json({**_as_dict(report), "seconds": seconds, "out": str(out) if out else None})


def _print_report(report: "LabelReport") -> None:
    rate, count = report.estimated_error_rate, len(report)
    print_line(
        f"{report.data}, {report.split}: about {rate:.1%} of {count:,} labels are wrong. Suspects: "
        f"{len(report.suspects):,}."
    )
    print_line(
        "The estimate counts labels that contradict what like pictures are labelled, more than "
        "the usual doubt about their class explains (confident learning). It includes pictures on "
        f"which people disagree, and those that {report.features_of} cannot tell apart: with weak "
        "features it is too high, and where that model has learned these very labels too low."
    )
    if report.unlike_copies:
        print_line(f"{report.unlike_copies:,} pictures have a near duplicate with another label.")
    outvoted = _outvoted(report)
    if outvoted:
        print_line(
            f"Of the first {JUDGED} suspects, {outvoted['n']} have a majority of annotators, and "
            f"it is against the label of {outvoted['first']:.0%} of them; of all samples of "
            f"{outvoted['all']:.0%}."
        )
    print()
    print_table(["class", "samples", "suspects", "probably wrong"], _class_rows(report))
    if report.suspects:
        print()
        print_table(*_suspect_table(report))
    if len(report.suspects) > SHOWN:
        print_line(
            f"… and {len(report.suspects) - SHOWN:,} more, all in the file that --out names."
        )


def _class_rows(report: "LabelReport") -> list[list[str]]:
    return [
        [name, f"{each['n']:,}", f"{each['suspects']:,}", f"{each['estimated_error_rate']:.1%}"]
        for name, each in _per_class(report).items()
    ]


def _suspect_table(report: "LabelReport") -> tuple[list[str], list[list[str]]]:
    """The first suspects; the votes only where there are any."""
    columns = ["", "sample", "label", "suggested", "p label", "p suggested", "score"]
    rows = []
    for number, (row, suspect) in enumerate(_first(report), start=1):
        votes = [f"{name} {share:.0%}" for name, share in report.votes_of(row).items()]
        rows.append(
            [
                str(number),
                suspect.sample_id,
                suspect.label,
                suspect.suggested,
                *(f"{p:.2f}" for p in (suspect.p_label, suspect.p_suggested, suspect.score)),
                ", ".join(votes),
            ]
        )
    if not any(cells[-1] for cells in rows):
        return columns, [cells[:-1] for cells in rows]
    return [*columns, "annotators"], rows


def _first(report: "LabelReport") -> "list[tuple[int, Suspect]]":
    return list(zip(report.rows.tolist(), report.suspects, strict=True))[:SHOWN]


def _per_class(report: "LabelReport") -> dict[str, dict[str, Any]]:
    counts = np.bincount(report.label, minlength=len(report.classes))
    suspects = np.bincount(report.label[report.rows], minlength=len(report.classes))
    return {
        name: {
            "n": int(counts[k]),
            "suspects": int(suspects[k]),
            "estimated_error_rate": float(report.class_error_rates[k]),
        }
        for k, name in enumerate(report.classes)
        if counts[k]
    }


def _outvoted(report: "LabelReport") -> dict[str, float | int]:
    """How many labels the annotators' votes contradict; empty without votes."""
    from trainer.evaluation.metrics import majority_class, outvoted_share

    first = report.rows[:JUDGED]
    decided = int((majority_class(report.votes[first]) >= 0).sum())
    if not decided:
        return {}
    return {
        "first": outvoted_share(report.votes[first], report.label[first]),
        "all": outvoted_share(report.votes, report.label),
        "n": decided,
    }


def _as_dict(report: "LabelReport") -> dict[str, Any]:
    return {
        "data": report.data,
        "split": report.split,
        "n": len(report),
        "folds": report.folds,
        "features": report.features_of,
        "estimated_error_rate": report.estimated_error_rate,
        "suspects": len(report.suspects),
        "unlike_copies": report.unlike_copies,
        "per_class": _per_class(report),
        "outvoted": _outvoted(report),
        "first": [
            {**suspect.as_dict(), "votes": report.votes_of(row)} for row, suspect in _first(report)
        ],
    }
