"""The README knows every command, make target, setting file and source file there is."""

import re
from pathlib import Path

import pytest

from cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = [
    "commands",
    "flows",
    "tasks",
    "llm",
    "warehouse",
    "prompts",
    "schemas",
    "serving",
    "training",
    "eval",
    "benchmarks",
]


@pytest.mark.parametrize("command", sorted(main.commands))
def test_readme_mentions_every_command(command: str) -> None:
    assert re.search(rf"`(callmill )?{command}\b", README), f"callmill {command} is not in the README"


@pytest.mark.parametrize(
    "target", re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
def test_readme_mentions_every_make_target(target: str) -> None:
    assert f"make {target}" in README or target == "help"


def test_file_tree_lists_every_source_file() -> None:
    tree = README[README.index("```\ncli.py") :]
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if path.stem != "__init__"]
    missing = [str(path.relative_to(ROOT)) for path in files if f"  {path.name} " not in tree]
    assert not missing


def test_readme_opens_with_the_two_commands() -> None:
    first = README[: README.index("## ")]
    assert first.index("make demo") < first.index("make test") < 600


def test_every_named_query_of_the_readme_exists() -> None:
    names = re.findall(r"callmill sql ([a-z_]+)", README)
    assert names
    for name in names:
        assert (ROOT / "warehouse" / "queries" / f"{name}.sql").is_file(), name
