"""How labels become classes, and how validation pictures are drawn: one rule for all readers."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trainer.config.sections import DataConfig
from trainer.data.reading.bad_rows import TOLERATED_SHARE
from trainer.errors import DataError, UsageError
from trainer.labels import (
    EXPRESSIONS,
    OTHER_LABELS,
    SYNONYMS,
    canonical,
    canonical_other,
    nearest_label,
)

log = logging.getLogger(__name__)

VAL_SHARE, VAL_SEED = 0.1, 0
SHOWN = 8
NUMBERED_HINT = (
    "Class numbers differ between data sets. State them: `--format raf-db-folders` (1 "
    "surprise, 2 fear, …), `--format affectnet-folders` (0 neutral, 1 happy, …), or "
    "`--class-map 1=surprise,2=fear,…`."
)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`classes` to read, in their order; `class_map` from a data set's own labels to classes.

    Where a data set states no validation pictures, `val_share` of its training pictures are drawn
    as such; `val_seed` chooses which. In class folders up to `bad_share` of the pictures may be
    unreadable.
    """

    classes: tuple[str, ...] = EXPRESSIONS
    class_map: Mapping[str, str] = field(default_factory=dict)
    val_share: float = VAL_SHARE
    val_seed: int = VAL_SEED
    bad_share: float = TOLERATED_SHARE

    def with_default_map(self, class_map: Mapping[str, str]) -> "ReadOptions":
        """The same with the labels of `class_map` known too; the user's own map comes first."""
        return replace(self, class_map={**class_map, **self.class_map})

    def name_of(self, label: str) -> str | None:
        """The class, or the known name outside `classes`, of a label; None if it is unknown."""
        key = label.strip().lower().removesuffix(".0")
        key = self.class_map.get(key, key)
        if key in self.classes:  # also where it is a synonym: a person's own word
            return key
        return canonical(key) or canonical_other(key)

    def changes(self) -> dict[str, Any]:
        """The fields that differ from the defaults, as JSON values."""
        fields = {
            "classes": list(self.classes),
            "class_map": dict(sorted(self.class_map.items())),
            "val_share": self.val_share,
            "val_seed": self.val_seed,
            "bad_share": self.bad_share,
        }
        defaults = {
            "classes": list(EXPRESSIONS),
            "class_map": {},
            "val_share": VAL_SHARE,
            "val_seed": VAL_SEED,
            "bad_share": TOLERATED_SHARE,
        }
        return {name: value for name, value in fields.items() if value != defaults[name]}


DEFAULT_OPTIONS = ReadOptions()


def read_options(
    classes: Iterable[str] = (),
    class_map: Mapping[str, str] | None = None,
    val_share: float = VAL_SHARE,
    val_seed: int = VAL_SEED,
    bad_share: float = TOLERATED_SHARE,
) -> ReadOptions:
    """Options as a user states them; no `classes` are the seven expressions.

    A class gets its project name (calm: neutral) unless `class_map` maps the word to itself.
    Raises UsageError where `class_map` leads to no class.
    """
    own = {name.strip().lower() for label, name in (class_map or {}).items() if label == name}
    names = tuple(dict.fromkeys(_class_name(name, own) for name in classes)) or EXPRESSIONS
    options = ReadOptions(names, {}, val_share, val_seed, bad_share)
    mapped = {}
    for label, name in (class_map or {}).items():
        target = options.name_of(name)
        if target is None:
            near = nearest_label(name, names)
            hint = f"Did you mean {near}? " if near else ""
            raise UsageError(
                f"--class-map {label}={name}: {name!r} is no class",
                f"{hint}Known are {', '.join(dict.fromkeys((*names, *EXPRESSIONS)))}.",
            )
        mapped[label.strip().lower()] = target
    return replace(options, class_map=mapped)


def configured_options(config: DataConfig) -> ReadOptions:
    """The options of a training run. Raises UsageError where its class map leads to no class."""
    class_map = parse_class_map(",".join(config.class_map))
    return read_options(
        config.classes, class_map, config.val_share, config.val_seed, config.bad_share
    )


def own_words(classes: Iterable[str]) -> list[str]:
    """The class map (`data.class_map`) that keeps words such as calm, which mean another class."""
    return [f"{name}={name}" for name in classes if _class_name(name, ()) != name]


def parse_class_map(text: str) -> dict[str, str]:
    """`1=surprise,2=fear` → {"1": "surprise", "2": "fear"}. Raises UsageError."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    wrong = [label for label, _, name in pairs if not label.strip() or not name.strip()]
    if wrong:
        raise UsageError(
            f"--class-map {text}: {wrong[0]!r} is not LABEL=CLASS",
            "Write it like 1=surprise,2=fear.",
        )
    return {label.strip(): name.strip() for label, _, name in pairs}


def resolve_labels(
    source: Path | str, labels: Iterable[str], options: ReadOptions
) -> dict[str, str]:
    """The class of each of the data set's labels; those to leave out are not in it.

    Logs which label becomes which class, which classes have no pictures, and how many pictures
    are left out. Raises DataError when a label is unknown.
    """
    counts = Counter(labels)
    names = {label: options.name_of(label) for label in sorted(counts, key=_natural_order)}
    unknown = [label for label, name in names.items() if name is None]
    if unknown:
        raise _unknown_labels(source, unknown, options)
    class_of = {label: name for label, name in names.items() if name in options.classes}
    listed = ", ".join(f"{label} → {name}" for label, name in class_of.items())
    log.info("%s: label → class: %s", source, listed)
    absent = [name for name in options.classes if name not in class_of.values()]
    if absent and class_of:
        log.warning("%s: there are no pictures of %s", source, ", ".join(absent))
    left_out: Counter[str] = Counter()
    for label, name in names.items():
        if label not in class_of and name is not None:
            left_out[name] += counts[label]
    if left_out:
        listed = ", ".join(f"{count} of {name}" for name, count in left_out.items())
        log.info("%s: left out: %s (--classes keeps them)", source, listed)
    return {label: name for label, name in class_of.items() if name is not None}


def describe_unknown(label: str, options: ReadOptions) -> str:
    """Which label was probably meant, as an option; "" if it resembles none."""
    near = nearest_label(label, options.classes)
    return f"--class-map {label.strip()}={near}" if near else ""


def _unknown_labels(source: Path | str, unknown: list[str], options: ReadOptions) -> DataError:
    more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
    hints = []
    if any(label.strip().removesuffix(".0").isdecimal() for label in unknown):
        hints.append(NUMBERED_HINT)
    maps = [text for label in unknown[:SHOWN] if (text := describe_unknown(label, options))]
    if maps:
        pairs = ",".join(text.removeprefix("--class-map ") for text in maps)
        meant = ", ".join(pair.partition("=")[2] for pair in pairs.split(","))
        hints.append(f"Did you mean {meant}? `--class-map {pairs}` says so.")
    known = dict.fromkeys((*EXPRESSIONS, *SYNONYMS, *options.classes))
    others = sorted(set(OTHER_LABELS.values()))
    hints.append(f"Known are {', '.join(known)}; left out are {', '.join(others)}.")
    return DataError(
        f"{source}: unknown labels: {', '.join(map(repr, unknown[:SHOWN]))}{more}",
        "\n".join(hints),
    )


def _class_name(name: str, own: Collection[str]) -> str:
    word = name.strip().lower()
    return word if word in own else canonical(word) or canonical_other(word) or word


def _natural_order(label: str) -> tuple[int, int, str]:
    number = label.strip()
    small = number.isascii() and number.isdecimal() and len(number) < 10
    return (0, int(number), "") if small else (1, 0, label)
