"""The memory slope after the warm-up, the plot, and a short soak."""

import json
from array import array
from pathlib import Path

import cv2
import pytest

from ferapp.bench import soak
from ferapp.bench.soak import Sample


class TimedEngine:
    latencies = array("f", [10.0] * 95 + [50.0] * 5)


def test_the_slope_is_that_after_the_warm_up(tmp_path: Path) -> None:
    """60 MiB a minute during the warm-up do not count, 2 a minute afterwards do."""
    samples = [
        Sample(float(s), 900 + min(s, 240) + max(0, s - 240) / 30, 20 + s % 2, 10, 30.0)
        for s in range(1, 901)
    ]
    plot = tmp_path / "soak.png"
    result = soak._summarise(TimedEngine(), 15.0, samples, 180, ["lost"], [12] * 900, plot)  # type: ignore[arg-type]
    assert result.warm_up_s == 240
    assert result.memory_slope_mb_per_min == pytest.approx(2.0)
    assert result.rss_mb == {"warm": 1140, "end": 1162, "most": 1162}
    assert result.threads == {"warm": 20, "end": 20}
    assert result.capture_to_paint_ms == {"p50": 10.0, "p95": 50.0}
    assert "+2.00 MiB a minute after 240 s" in result.as_text()
    assert "notices            lost" in result.as_text()
    assert json.loads(json.dumps(result.as_dict()))["painted"] == 100
    picture = cv2.imread(str(plot))
    assert picture is not None
    assert picture.shape[1] == 1050


@pytest.mark.slow
def test_a_short_soak_through_everything(command) -> None:
    done = command.process("ferapp", "bench", "--soak", 0.5, "--json", timeout=500)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["changes"] == 6
    assert result["painted"] > 0
    assert result["notices"] == []
    assert result["python_threads"]["end"] == result["python_threads"]["warm"]


def test_a_plot_without_a_soak_is_wrong_usage(command) -> None:
    done = command("ferapp", "bench", "--plot", "x.png")
    assert done.returncode == 2
    assert "--plot needs --soak" in done.stderr
