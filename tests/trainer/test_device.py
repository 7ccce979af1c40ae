"""Which memory a run reports, and which precision it chooses."""

from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from trainer.device import autocast_dtype, memory_mb


def test_resident_memory_is_known_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory_mb(torch.device("cpu")) > 20

    class Process:
        def memory_info(self) -> SimpleNamespace:
            return SimpleNamespace(rss=5 * 2**20)

    monkeypatch.setattr(psutil, "Process", Process)
    assert memory_mb(torch.device("cpu")) == 5


@pytest.mark.parametrize(
    ("processor", "is_faster"),
    [
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_tile": True}, True),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_tile": False}, False),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": True, "amx_tile": False}, True),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": False, "amx_tile": False}, False),
        ({"architecture": "arm64", "neon": True}, False),
    ],
)
def test_a_cpu_trains_in_bf16_only_where_that_is_faster(
    processor: dict[str, Any], is_faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: processor)
    cpu = torch.device("cpu")
    assert autocast_dtype(cpu, "auto") == (torch.bfloat16 if is_faster else None)
    assert autocast_dtype(cpu, "bf16") == torch.bfloat16  # on request everywhere
    assert autocast_dtype(cpu, "fp32") is None
