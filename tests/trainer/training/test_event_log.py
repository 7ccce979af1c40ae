"""The event log of a run."""

from pathlib import Path

from trainer.training.event_log import EventLog, read_events


def test_an_incomplete_line_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.write("step", loss=float("nan"), step=1)
    log.close()
    with path.open("a") as stream:
        stream.write('{"event": "st')
    assert [(event["event"], event["loss"]) for event in read_events(path)] == [("step", None)]
