"""Commands on many runs: `runs`, `compare` and `reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.printing import notices, print_json, print_table
from trainer.cli.shared_options import Json, known_path
from trainer.cli.summaries import print_line
from trainer.errors import FerError
from trainer.files import check_writable_folder, file_stem


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of runs, or one run.")
    ] = Path("runs"),
    archived: Annotated[
        bool, typer.Option("--archived", help="Also list the runs that are archived.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List runs as the app's table does, newest first: status and figures of the best epoch."""
    from trainer.reports.run_list.run_rows import ROWS_NOTE, read_rows, rows_table

    rows = read_rows([folder], archived=archived)
    print_table(*rows_table(rows))
    print_line(ROWS_NOTE)
    if as_json:
        print_json({"runs": [row.as_dict() for row in rows]})


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="Run directories, or folders of them.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for report.md, report.html and the figures."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare runs: results over seeds, complexity, and the settings that differ."""
    from trainer.reports import comparison, run_records
    from trainer.reports.comparison import validation_title
    from trainer.reports.paired_tests import paired_tests

    if out is not None:
        check_writable_folder(out)
    records = [run_records.read_run_record(run) for run in run_records.find_runs(runs)]
    result = comparison.compare_records(records)
    groups = result.of_same_samples()
    for number, group in enumerate(groups, 1):
        if len(groups) > 1:
            print_line(validation_title(number, len(groups)))
        print_table(*comparison.results_table(group))
        for test in paired_tests(group.rows):
            print_line(test.sentence())
        print()
    print_line(comparison.FIGURES_NOTE)
    for columns, rows in (
        comparison.differences_table(result),
        comparison.evaluations_table(result),
    ):
        if rows:
            print()
            print_table(columns, rows)
    if out is not None:
        from trainer.reports.runs_report import write_comparison_report

        notices.print(f"Written to {write_comparison_report(result, out)}")
    if as_json:
        print_json(result.as_dict())


def reproduce(
    table: Annotated[
        str,
        typer.Argument(help="Recipes, by the part of their names before the slash: twin, dacl, …"),
    ],
    data: Annotated[
        Path, typer.Option(help="Data set, or a prepared folder.", callback=known_path)
    ],
    fast: Annotated[
        bool, typer.Option("--fast", help="Use the recipes' fast forms, for one CPU.")
    ] = False,
    seeds: Annotated[int, typer.Option(help="Runs of each recipe.", min=1, max=1000)] = 3,
    runs: Annotated[Path, typer.Option(help="Folder of the runs and of the table.")] = Path("runs"),
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SECTION.FIELD=VALUE", help="One setting, for every run; repeatable."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a table of recipes over seeds. The same command continues where it stopped."""
    from trainer.reports.reproduce import reproduce as reproduce_table

    result = reproduce_table(
        table,
        data,
        runs,
        fast=fast,
        seeds=seeds,
        sets=sets,
        log=lambda text: notices.print(text, markup=False, soft_wrap=True),
    )
    print_table(*result.cells())
    notices.print(f"Wrote {runs / file_stem(result.name)}.md")
    if as_json:
        print_json(result.as_dict())
    if result.failed:
        count = len(result.failed)
        noun = "run" if count == 1 else "runs"
        raise FerError(f"{count} {noun} failed: {', '.join(result.failed)}")
