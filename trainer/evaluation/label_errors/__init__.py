"""Labels that are probably wrong: found, written as a table, and counted anew as one reviews."""

from trainer.evaluation.label_errors.find_suspects import find_suspects
from trainer.evaluation.label_errors.label_report import LabelReport, Suspect
from trainer.evaluation.label_errors.review_estimate import estimated_error_rate_after
from trainer.evaluation.label_errors.suspects_table import read_suspects, write_suspects

__all__ = [
    "LabelReport",
    "Suspect",
    "estimated_error_rate_after",
    "find_suspects",
    "read_suspects",
    "write_suspects",
]
