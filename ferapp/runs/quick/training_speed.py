"""How fast recipes train on this computer: measured on request, and remembered."""

import json
import os
from pathlib import Path

import platformdirs

from ferapp.runs.child_process import ChildProcess
from trainer.files import write_json


def speed_file() -> Path:
    return Path(platformdirs.user_cache_dir("ferapp")) / "training_speed.json"


def read_speeds() -> dict[str, float]:
    """Pictures per second by recipe; of another number of CPUs they no longer hold."""
    try:
        record = json.loads(speed_file().read_text(encoding="utf-8"))
        if record["cpus"] != os.cpu_count():
            return {}
        return {str(name): float(speed) for name, speed in record["speeds"].items() if speed > 0}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def store_speed(recipe: str, speed: float) -> dict[str, float]:
    """Remember pictures per second; returns those of all recipes. Raises OSError."""
    speeds = {**read_speeds(), recipe: speed}
    speed_file().parent.mkdir(parents=True, exist_ok=True)
    write_json(speed_file(), {"cpus": os.cpu_count(), "speeds": speeds})
    return speeds


class SpeedMeasurement(ChildProcess):
    """`fertrain bench --recipe NAME` in a process. Raises OSError when it cannot be started."""

    def __init__(self, recipe: str) -> None:
        self.recipe = recipe
        folder = speed_file().parent
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__("trainer", ["bench", "--recipe", recipe, "--json"], folder)

    def speed(self) -> float | None:
        """Pictures per second, of an ended process; None where it failed."""
        try:
            return float(json.loads(self.last_output().splitlines()[-1])["images_per_second"])
        except (ValueError, KeyError, TypeError, IndexError):
            return None
