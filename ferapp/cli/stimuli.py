"""`ferapp stimuli FILE`: check a list of stimuli before anybody sits down in front of it."""

from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.printing import print_json


def stimuli(
    file: Annotated[
        Path, typer.Argument(help="A CSV with the columns file,seconds,fixation,condition.")
    ],
    seed: Annotated[
        int | None,
        typer.Option(help="Order of presentation by this seed. Default: that of the list."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a list of pictures and videos, and print what would be shown in which order.

    Every fault is told at once. The window shows them: Show stimuli… (Ctrl+P).
    """
    from ferapp.studies.stimuli.stimulus_list import read_stimulus_list
    from ferapp.studies.stimuli.stimulus_plan import (
        StimulusPlan,
        consent_file,
        presentation_order,
        read_consent,
    )

    order = presentation_order(read_stimulus_list(file), seed)
    consent = consent_file(file)
    plan = StimulusPlan(file, order, seed, consent, read_consent(consent))
    if as_json:
        print_json({"seconds": plan.seconds, "consent": str(consent), "order": plan.order})
        return
    for number, stimulus in enumerate(plan.stimuli, 1):
        kind = "video" if stimulus.is_video else "picture"
        width, height = stimulus.size
        print(
            f"{number}. {stimulus.file}: {kind} of {width} × {height}, {stimulus.fixation:g} s "
            f"fixation, {stimulus.seconds:g} s, {stimulus.condition or 'no condition'}"
        )
    print(f"{plan.seconds:g} s in all. Consent text: {consent}")
