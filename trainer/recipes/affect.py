"""Valence and arousal beside the classes; the settings are ours, the data AffectNet's."""

from trainer.recipes import pipelines
from trainer.recipes.recipe import Recipe, fast_form

VALENCE_AROUSAL = Recipe(
    name="affect/valence-arousal",
    title="ResNet18, cross-entropy + 1 − mean CCC of valence and arousal (settings: ours)",
    source="AffectNet, Mollahosseini et al. 2017",
    published="none verified",
    values={
        **pipelines.dacl(),
        "model": {"name": "resnet18"},
        # of its classes some are fifty times as frequent as others
        "objective": {
            "label_smoothing": 0.0,
            "class_weights": "root",
            "concordance": {"weight": 1.0},
        },
        "optim": {
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "schedule": "one_cycle",
            "weight_decay": 0.0,
            "batch_size": 128,
            "epochs": 12,
        },
    },
)

AFFECT: tuple[Recipe, ...] = (VALENCE_AROUSAL, fast_form(VALENCE_AROUSAL))
