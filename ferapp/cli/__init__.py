"""The command line `ferapp`: the window, and the same pipeline without one."""

from ferapp.cli.commands import main

__all__ = ["main"]
