"""Run directories written without training, with known numbers in their journals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.config.loading import load_config
from trainer.files import write_json
from trainer.training.event_log import EventLog
from trainer.training.run_dir import RunDir, create_run

SMALL = ("model.options={widths=[8,16],blocks=[1,1]}", "optim.batch_size=20")


def made_run(
    folder: Path,
    name: str,
    sets: Sequence[str] = (),
    accuracies: Sequence[float] = (0.5,),
    *,
    ended: str = "done",
    speeds: Sequence[float] = (100.0,),
    base: dict[str, Any] | None = None,
    processes: int = 1,
    data: Path | None = None,
) -> RunDir:
    """A run with a validation for each accuracy; `ended` is "" for a killed one."""
    config = load_config(None, [*(SMALL if base is None else ()), *sets], **(base or {}))
    run = create_run(folder, name, config, data or folder / "data")
    epochs = len(accuracies)
    log = EventLog(run.events)
    log.write("run_started", processes=processes, parameters=1, steps=10 * epochs, epochs=epochs)
    for step, speed in enumerate(speeds, 1):
        log.write("step", step=step, images_per_second=speed)
    for epoch, accuracy in enumerate(accuracies, 1):
        log.write(
            "epoch",
            epoch=epoch,
            step=10 * epoch,
            loss=2.0 / epoch,
            loss_cross_entropy=1.5 / epoch,
            train_accuracy=accuracy,
            val_accuracy=accuracy,
            val_mean_class_accuracy=accuracy - 0.1,
            val_macro_f1=accuracy - 0.2,
            val_ece=accuracy / 10,
            val_n=7 * epoch,
            val_loss=1.0 / epoch,
            val_confusion=[[epoch if i == j else 0 for j in range(7)] for i in range(7)],
        )
    if ended:
        top = max(range(epochs), key=lambda index: accuracies[index])
        best = {"epoch": top + 1, "temperature": 1.2, "ece": accuracies[top] / 20}
        log.write("run_ended", reason=ended, best=best if ended == "done" else {}, verdict="")
    log.close()
    return run


def measured(run: RunDir, accuracy: float, **further: Any) -> None:
    """Write the metrics that `fertrain evaluate` writes to the run."""
    values = {"accuracy": accuracy, "mean_class_accuracy": accuracy / 2, "macro_f1": 0.1}
    write_json(
        run.eval("val") / "metrics.json",
        {**values, "ece": 0.05, "n": 40, "epoch": 4, "tta": "none", **further},
    )
