"""Errors that a person reads: what is wrong, with which file, and what to try.

Everything raised on purpose derives from `FerError`; the command line prints it as one message
without a traceback and exits with `exit_code`.
"""


class FerError(Exception):
    """A failure with a reason (`str(error)`) and optionally a hint of what to try."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}\n{self.hint}" if self.hint else message


class UsageError(FerError):
    """Wrong arguments or configuration (exit code 2)."""

    exit_code = 2


class DataError(FerError):
    """A data set, image or video that cannot be used."""


class ModelFileError(FerError):
    """A model file that cannot be loaded: damaged, foreign, or not fitting its card."""


class RunStopped(FerError):
    """The user stopped a run; its checkpoint is complete (exit code 130)."""

    exit_code = 130
