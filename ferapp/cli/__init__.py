"""The command line `ferapp`: the window, and the same pipeline without one."""

from ferapp.cli.command_line import main

__all__ = ["main"]
