"""Where live output goes: LSL on this network, or OSC to an address that the user names."""

import importlib.util
import re
from dataclasses import dataclass
from typing import Literal

from trainer.errors import UsageError

Kind = Literal["lsl", "osc"]
PACKAGES: dict[Kind, tuple[str, str]] = {  # the module, and the package that brings it
    "lsl": ("pylsl", "pylsl"),
    "osc": ("pythonosc", "python-osc"),
}
ADDRESS_HINT = "Give a computer and a port, such as 127.0.0.1:9000, lab-pc:9000 or [::1]:9000."
INSTALL_HINT = "Install it: pip install 'ferapp[lsl]'"

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d+)")


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """`host` and `port` are those of OSC."""

    kind: Kind
    host: str = ""
    port: int = 0

    @property
    def address(self) -> str:
        """As `osc_target` reads it; "" for LSL."""
        if self.kind == "lsl":
            return ""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def title(self) -> str:
        """For the user: LSL, or OSC 127.0.0.1:9000."""
        return f"{self.kind.upper()} {self.address}".strip()


LSL = OutputTarget("lsl")


def osc_target(address: str) -> OutputTarget:
    """The target of `host:port`, with an IPv6 address in brackets. Raises UsageError."""
    match = _ADDRESS.fullmatch(address.strip())
    if match is None:
        raise UsageError(f"{address!r} is no address for OSC", ADDRESS_HINT)
    port = int(match["port"])
    if not 0 < port < 65536:
        raise UsageError(f"{address!r}: a port is a number from 1 to 65535", ADDRESS_HINT)
    return OutputTarget("osc", match["six"] or match["host"], port)


def check_installed(target: OutputTarget) -> None:
    """Raises UsageError where the package that sends there is not installed; imports nothing."""
    module, package = PACKAGES[target.kind]
    if importlib.util.find_spec(module) is None:
        raise UsageError(
            f"{target.kind.upper()} needs the package {package}, which is not installed",
            INSTALL_HINT,
        )
