"""Train, evaluate and explain facial expression recognition models.

    import trainer

    run = trainer.train("faces/", recipe="default", set={"optim.epochs": 3})
    model = trainer.load_model(run.best)  # a torch module with its .card
    result = trainer.evaluate(model, "faces/", split="val")
    report = trainer.label_errors("faces/", split="train")

The package needs neither Qt nor MediaPipe to import: training runs on a bare GPU machine. Importing
it is cheap: torch is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.api.label_check import label_errors
    from trainer.api.model_evaluation import EvaluationResult, evaluate, load_model
    from trainer.api.training_run import Run, train
    from trainer.errors import FerError
    from trainer.evaluation.label_errors import LabelReport

__all__ = [
    "EvaluationResult",
    "FerError",
    "LabelReport",
    "Run",
    "evaluate",
    "label_errors",
    "load_model",
    "train",
]

__version__ = "0.1.0"

_MODULES = {
    "EvaluationResult": "trainer.api.model_evaluation",
    "FerError": "trainer.errors",
    "LabelReport": "trainer.evaluation.label_errors",
    "Run": "trainer.api.training_run",
    "evaluate": "trainer.api.model_evaluation",
    "label_errors": "trainer.api.label_check",
    "load_model": "trainer.api.model_evaluation",
    "train": "trainer.api.training_run",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'trainer' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
