"""The numbers of a comparison against those in the files of its runs."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.support.trainer.made_runs import SMALL, made_run, measured
from trainer.config.loading import load_config
from trainer.errors import DataError, UsageError
from trainer.models import create
from trainer.models.describe import describe_network
from trainer.reports.comparison import compare_records, differences_table, results_table
from trainer.reports.run_records import find_runs, read_run_record
from trainer.training.event_log import EventLog
from trainer.training.run_dir import RunDir


def compare_runs(*runs: RunDir):
    return compare_records([read_run_record(run) for run in runs])


def cells(comparison) -> dict[str, dict[str, str]]:
    columns, rows = results_table(comparison)
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def test_seeds_of_one_configuration_share_a_row_with_mean_and_deviation(
    tmp_path: Path,
) -> None:
    seeds = [
        made_run(tmp_path, f"plain-s{seed}", [f"run.seed={seed}"], best)
        for seed, best in enumerate([(0.3, 0.5), (0.6, 0.4), (0.7, 0.7)])
    ]
    comparison = compare_runs(*seeds, made_run(tmp_path, "long", ["optim.epochs=99"], (0.25,)))
    group, single = comparison.rows
    assert (group.name, group.seeds) == ("plain", [0, 1, 2])
    accuracy = group.metrics["accuracy"]
    assert accuracy.values == (0.5, 0.6, 0.7)
    assert accuracy.mean == pytest.approx(0.6)
    assert accuracy.std == pytest.approx(0.1)  # √((0.01 + 0 + 0.01) / 2)
    assert single.metrics["accuracy"].std is None
    table = cells(comparison)
    assert table["plain"]["val accuracy %"] == "60.00 ± 10.00"
    assert table["plain"]["mean class %"] == "50.00 ± 10.00"
    assert table["plain"]["macro F1"] == "0.400 ± 0.100"
    # of the finished models of the best epochs, not the raw value of their validations
    assert table["plain"]["ECE, calibrated"] == "0.030 ± 0.005"
    assert table["plain"]["val n"] == "14"
    assert table["plain"]["best epoch"] == "2, 1, 1"  # the first of equals
    assert table["long"]["val accuracy %"] == "25.00 (8.22 to 64.11)"  # Wilson, of 2 of 7


def test_only_settings_that_differ_are_listed(tmp_path: Path) -> None:
    one = made_run(tmp_path, "one", ["optim.learning_rate=0.2"])
    two = made_run(tmp_path, "two", ["model.options.dropout=0.1", "objective.pal.weight=1",
                                     "augment.mixup=0"])  # fmt: skip
    columns, rows = differences_table(compare_runs(one, two))
    assert columns == ["setting", "one", "two"]
    assert sorted(rows) == [
        ["augment.mixup", "0.2", "0.0"],
        ["model.options.dropout", "–", "0.1"],
        ["objective.pal.weight", "0.0", "1.0"],
        ["optim.learning_rate", "0.2", "0.1"],
    ]
    same = compare_runs(one, made_run(tmp_path, "again", ["optim.learning_rate=0.2", "run.seed=1"]))
    assert len(same.rows) == 1
    assert same.differences == {}


def test_unfinished_runs_have_their_own_row_and_status(tmp_path: Path) -> None:
    done = made_run(tmp_path, "a-s0", ["run.seed=0"])
    stopped = made_run(tmp_path, "a-s1", ["run.seed=1"], ended="stopped")
    failed = made_run(tmp_path, "a-s2", ["run.seed=2"], ended="failed")
    killed = made_run(tmp_path, "a-s3", ["run.seed=3"], ended="")
    repeated = made_run(tmp_path, "a-again", ["run.seed=0"])
    now = time.time()
    records = [read_run_record(run, now) for run in (done, stopped, failed, killed, repeated)]
    assert [record.status for record in records] == [
        "done", "stopped", "failed", "running", "done",
    ]  # fmt: skip
    assert read_run_record(killed, now + 3600).status == "interrupted"
    assert [row.seeds for row in compare_records(records).rows] == [[0], [1], [2], [3], [0]]


def test_complexity_and_speed(tmp_path: Path) -> None:
    run = made_run(tmp_path, "a", ["optim.accumulate=2"], speeds=(100, 200, 900), processes=3)
    log = EventLog(run.events)  # killed and resumed: step 3 is repeated
    log.write("step", step=3, images_per_second=210.0)
    log.close()
    row = compare_runs(run).rows[0].complexity
    model = create("compact", 7, 1, 44, **load_config(None, SMALL).model.options)
    assert row.parameters == sum(p.numel() for p in model.parameters())
    assert row.flops == describe_network(model, 1, 44).flops > 0
    assert row.images_per_second == 200  # the median of 100, 200, 210
    assert row.ms_per_step == pytest.approx(1000 * 20 * 2 * 3 / 200)


def test_the_attribution_metric_comes_from_the_evaluation(tmp_path: Path) -> None:
    run = made_run(tmp_path, "a")
    measured(run, 0.4, landmark_r={"mean": 0.31, "std": 0.2, "n": 40})
    row = compare_runs(run).rows[0]
    assert row.metrics["landmark_r"].mean == 0.31
    assert row.metrics["accuracy"].mean == 0.5  # from training; the evaluation has its own table


def test_a_folder_of_runs_is_searched(tmp_path: Path) -> None:
    runs = [made_run(tmp_path / "runs", name) for name in ("a", "b")]
    found_runs = find_runs([tmp_path / "runs", runs[0].path])
    assert {run.path.name for run in found_runs} == {run.path.name for run in runs}
    assert len(found_runs) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: neither a run directory nor"):
        find_runs([tmp_path / "empty"])
    head = json.loads(runs[1].config.read_text())
    head["config"]["optim"]["speed"] = 3
    runs[1].config.write_text(json.dumps(head))
    with pytest.raises(DataError, match=r"config\.json.*optim\.speed"):
        read_run_record(runs[1])


def test_the_command_writes_a_self_contained_report(command, tmp_path: Path) -> None:
    for seed in (0, 1):
        made_run(tmp_path / "runs", f"a-s{seed}", [f"run.seed={seed}"], (0.2, 0.5 + seed / 10))
    made_run(tmp_path / "runs", "b.c", ["optim.epochs=5"], ended="stopped")
    done = command("trainer", "compare", "runs", "--out", "report", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    row, other = result["rows"]
    assert (row["name"], row["seeds"], other["status"]) == ("a", [0, 1], "stopped")
    assert row["accuracy"]["mean"] == pytest.approx(0.55)
    assert row["accuracy"]["std"] == pytest.approx(0.1 / 2**0.5)
    assert result["differences"]["optim.epochs"] == {"a": 30, "b.c": 5}
    report = tmp_path / "report"
    names = {"report.md", "report.html", "curves.png", "accuracy-complexity.png"}
    assert {path.name for path in report.iterdir()} == names | {
        "confusion-a.png",
        "confusion-b.c.png",
    }
    page = (report / "report.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]{0,22})', page)
    assert sources == ["data:image/png;base64,"] * 4
    assert "prefers-color-scheme: dark" in page
    for text in (page, (report / "report.md").read_text()):
        assert "55.00 ± 7.07" in text
        assert "optim.epochs" in text
    done = command("trainer", "compare", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
