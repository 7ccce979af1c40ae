"""The command `find-rate`: which learning rate to try."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.printing import notices, print_json, progress_bars, warn_of_little_room
from trainer.cli.shared_options import Data, Json, NoLandmarks, check_picture_file
from trainer.cli.summaries import print_line
from trainer.config.loading import load_config
from trainer.files import check_writable_folder, make_folder
from trainer.memory import TRAIN
from trainer.recipes import recipe_values


def find_rate(
    data: Data,
    recipe_name: Annotated[str, typer.Option("--recipe", help="Named configuration.")] = "default",
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="As `fertrain train` takes it."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.FIELD=VALUE", help="One setting; repeatable."),
    ] = None,
    no_landmarks: NoLandmarks = False,
    out: Annotated[
        Path | None, typer.Option(help="Picture of the curve to write, PNG or SVG.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="File to append each step to as it is done: JSON lines."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find a learning rate: train 100 steps with a growing one, and see where the loss falls.

    The range test of Smith (2017). Takes the settings of `fertrain train`; keeps no model.
    """
    settings = [*(sets or ()), *["data.landmarks=false"] * no_landmarks]
    config = load_config(config_file, settings, **recipe_values(recipe_name))
    warn_of_little_room("fertrain find-rate", TRAIN)
    from trainer.training.distributed import SINGLE_PROCESS
    from trainer.training.event_log import EventLog
    from trainer.training.rate_curve import STEPS
    from trainer.training.rate_finder import find_rate as run_range_test
    from trainer.training.run_training import open_training_data
    from trainer.training.start_checks import check_start

    if log is not None:
        check_writable_folder(log.parent)  # before the data, which may take minutes
    if out is not None:
        check_picture_file(out)
    check_start(config, data)
    faces = open_training_data(data, config, SINGLE_PROCESS, progress_bars)
    with ExitStack() as stack:
        progress = stack.enter_context(progress_bars())
        steps = None
        if log is not None:
            make_folder(log.parent)
            steps = stack.enter_context(closing(EventLog(log)))

        def report(done: int, rate: float, loss: float) -> None:
            progress("learning rates", done, STEPS)
            if steps is not None:
                steps.write("rate_step", rate=rate, loss=loss)

        curve = run_range_test(config, faces, report)
    print_line(curve.sentence())
    if out is not None:
        from trainer.reports.rate_figure import rate_figure

        rate_figure(curve, out)
        notices.print(f"Wrote {out}")
    if as_json:
        print_json(curve.as_dict())
