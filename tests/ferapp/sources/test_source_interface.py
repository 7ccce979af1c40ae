"""What a source can do is on its interface: nobody outside asks for its class."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

FILES = sorted(path for name in ("ferapp", "trainer") for path in (ROOT / name).rglob("*.py"))
INSIDE = ROOT / "ferapp" / "sources"
CHECKS = {"isinstance", "issubclass"}


def source_classes(trees: list[ast.Module]) -> set[str]:
    """FrameSource and Frame, and the names of all classes that derive from them."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    names: set[str] = {"FrameSource", "Frame"}
    while True:
        derived = {
            node.name for node in classes if names & {ast.unparse(base) for base in node.bases}
        }
        if derived <= names:
            return names
        names |= derived


def type_checks(tree: ast.Module, classes: set[str]) -> Iterator[str]:
    """Lines that ask whether something is one of `classes`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CHECKS and len(node.args) == 2:
            asked: ast.expr = node.args[1]
        elif isinstance(node, ast.MatchClass):
            asked = node.cls
        elif isinstance(node, ast.Compare) and ast.unparse(node.left).startswith("type("):
            asked = node.comparators[0]
        else:
            continue
        names = {
            ast.unparse(part).rpartition(".")[2]
            for part in ast.walk(asked)
            if isinstance(part, ast.Name | ast.Attribute)
        }
        for name in sorted(names & classes):
            yield f"{asked.lineno}: {name}"


CLASSES = source_classes([ast.parse(path.read_text(encoding="utf-8")) for path in FILES])


def test_the_classes_of_sources_are_known() -> None:
    assert {"VideoFile", "ImageFolder", "StillImage", "Camera", "SessionSource"} <= CLASSES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_class_of_a_source_is_asked_for_outside(path: Path) -> None:
    if not path.is_relative_to(INSIDE):
        assert list(type_checks(ast.parse(path.read_text(encoding="utf-8")), CLASSES)) == []


@pytest.mark.parametrize(
    "text",
    [
        "isinstance(source, VideoFile)",
        "isinstance(source, video.VideoFile | StillImage)",
        "isinstance(frame, (int, Frame))",
        "issubclass(kind, FrameSource)",
        "type(source) is Camera",
        "match source:\n    case ImageFolder():\n        pass",
    ],
)
def test_the_search_detects_it(text: str) -> None:
    assert list(type_checks(ast.parse(text), CLASSES))


def test_the_search_passes_over_other_classes() -> None:
    assert not list(type_checks(ast.parse("isinstance(error, SourceError)"), CLASSES))
