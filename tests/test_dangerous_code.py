"""Nothing in the program executes what it reads: no pickle, no eval, no shell."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

SOURCES = sorted(path for name in ("ferapp", "trainer") for path in (ROOT / name).rglob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
CALLS = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("torch.hub.load", "yaml.load", "pd.read_pickle", "tempfile.mktemp"),
    *("joblib.load", "joblib.dump", "pandas.read_pickle"),  # joblib's processes are no files
}


def dangers(text: str) -> Iterator[str]:
    """Lines with calls that execute data, or that make it possible."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            yield from _dangers_of_call(node)
            continue
        else:
            continue
        for name in names:
            if name.partition(".")[0] in MODULES or name in CALLS or name == "torch.load":
                yield f"{node.lineno}: {name}"


def _dangers_of_call(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in CALLS or name.removeprefix("builtins.") in CALLS:
        yield f"{call.lineno}: {name}"
    if name == "torch.load" and not _is_literally(arguments.get("weights_only"), True):
        yield f"{call.lineno}: torch.load without weights_only=True"
    if name.startswith("subprocess.") and "shell" in arguments:
        yield f"{call.lineno}: shell"
    if "allow_pickle" in arguments and not _is_literally(arguments["allow_pickle"], False):
        yield f"{call.lineno}: allow_pickle"
    if "trust_remote_code" in arguments:
        yield f"{call.lineno}: trust_remote_code"


def _is_literally(value: ast.expr | None, literal: bool) -> bool:
    return isinstance(value, ast.Constant) and value.value is literal


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_executes_what_it_reads(path: Path) -> None:
    assert list(dangers(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "joblib.load(path)",
        "eval('1')",
        "builtins.exec(text)",
        "os.system('ls')",
        "from os import system",
        "import os; os.popen('ls')",
        "subprocess.run('ls', shell=True)",
        "subprocess.Popen('ls', shell=choice)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "from torch import load",
        "np.load(path, allow_pickle=True)",
        "__import__(name)",
    ],
)
def test_dangerous_code_is_found(text: str) -> None:
    assert list(dangers(text))


@pytest.mark.parametrize(
    "text",
    [
        "app.exec()",
        "re.compile('a')",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=False)",
        "subprocess.run(['ls'])",
        "from os import path",
    ],
)
def test_harmless_code_passes(text: str) -> None:
    assert not list(dangers(text))
