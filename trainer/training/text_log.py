"""The events of a run as lines for people: its train.log, and what commands print."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainer.files import name_path_in_errors


@contextmanager
def text_log(file: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Append every event but the steps to `file`, one line each with its time."""
    with file.open("a", encoding="utf-8") as stream:

        def report(event: dict[str, Any]) -> None:
            text = _log_text(event)
            if text:
                with name_path_in_errors(file):
                    stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")
                    stream.flush()

        yield report


def _log_text(event: dict[str, Any]) -> str:
    kind = event["event"]
    if kind == "run_started":
        start = f"continued from step {event['step']}" if event["step"] else "started"
        text = (
            f"{event['name']} {start}: {event['parameters']:,} parameters on {event['device']} "
            f"({event['precision']}), {event['train_samples']:,} training samples"
        )
        if event["flipped_labels"]:
            text += f", {event['flipped_labels']:,} of them with another label on purpose"
        return f"{text}; {event['init']}" if event["init"] else text
    if kind in ("epoch", "validation"):
        return epoch_line(event)
    if kind == "run_ended":
        parts = (event["reason"], event["ended_early"], event["error"], event["verdict"])
        return ": ".join(filter(None, parts))
    return ""


def end_lines(event: dict[str, Any]) -> list[str]:
    """What commands print of an event `run_ended`: why so early, and whether it beat its start."""
    texts = filter(None, (event["ended_early"], event["verdict"]))
    return [f"{text[0].upper()}{text[1:]}" for text in texts]


def loss_terms(event: dict[str, Any]) -> str:
    """The terms of the loss, where there are more than the cross-entropy."""
    terms = {
        name.removeprefix("loss_").replace("_", " "): value
        for name, value in event.items()
        if name.startswith(("loss_", "attention_"))
    }
    if len(terms) == 1:
        return ""
    return "".join(f"  {name} {value:.3f}" for name, value in terms.items())


def epoch_line(event: dict[str, Any]) -> str:
    affect = "".join(
        f"  {name} CCC {event[f'val_{name}_ccc']:.3f}"
        for name in ("valence", "arousal")
        if f"val_{name}_ccc" in event
    )
    validation = (
        f"val {event['val_accuracy']:.2%}  mean class {event['val_mean_class_accuracy']:.2%}"
        f"{affect}"
    )
    if "loss" not in event:  # epoch 0: the weights that training starts from
        return f"epoch {event['epoch']:3d}  initial weights  {validation}"
    return (
        f"epoch {event['epoch']:3d}  loss {event['loss']:.4f}{loss_terms(event)}  "
        f"train {event['train_accuracy']:.2%}  {validation}  "
        f"{event['images_per_second']:.0f} img/s"
    )
