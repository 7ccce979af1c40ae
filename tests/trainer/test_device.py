"""Which memory a run reports."""

from types import SimpleNamespace

import psutil
import pytest
import torch

from trainer.device import memory_mb


def test_resident_memory_is_known_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory_mb(torch.device("cpu")) > 20

    class Process:
        def memory_info(self) -> SimpleNamespace:
            return SimpleNamespace(rss=5 * 2**20)

    monkeypatch.setattr(psutil, "Process", Process)
    assert memory_mb(torch.device("cpu")) == 5
