"""`ferapp agree`: how far coders agree with each other, and with a model."""

from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.printing import notices, print_json, print_table
from trainer.errors import UsageError


def agree(
    codings: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B…",
            help="Codings: tables start_s,end_s,code,coder, ELAN files (.eaf), BORIS exports "
            "(CSV). And tables of `ferapp analyze` or recordings, for the model.",
        ),
    ],
    face: Annotated[
        int | None,
        typer.Option(min=0, help="Face of the table. Default: the one seen most."),
    ] = None,
    fps: Annotated[
        float,
        typer.Option(
            min=1, max=1000, help="Frames per second, where no table says when its frames are."
        ),
    ] = 25.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how far codings of one clip agree, per second and per frame.

    Cohen's kappa of each pair, Krippendorff's alpha (nominal) of all coders, F1 of each class, with
    95 % bootstrap intervals over blocks of time: neighbouring frames are not independent.
    """
    from ferapp.studies.coding.coding_comparison import agreement_json, compare, named_coders
    from ferapp.studies.coding.coding_comparison_text import track_lines, track_rows
    from ferapp.studies.coding.coding_file import read_coding

    read = [read_coding(file, face) for file in codings]
    models = [coding for coding in read if coding.is_model]
    if len(models) > 1:
        raise UsageError(
            "Several tables of faces were given, and their frames need not be the same",
            "Compare people's codings with one table at a time.",
        )
    for coding in read:
        for note in coding.notes:
            notices.print(f"{coding.file.name}: {note}", soft_wrap=True)
    tracks = compare(named_coders(read), models[0].edges_s if models else (), fps)
    if as_json:
        print_json(agreement_json(tracks))
        return
    for number, track in enumerate(tracks):
        print("\n" * bool(number) + "\n".join(track_lines(track)))
        print_table(*track_rows(track))
