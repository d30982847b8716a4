"""A folder imports only what the table says, so that each part can be read, tested and replaced by itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BELOW_TASKS = {"eval", "training", "serving", "llm", "warehouse", "prompts", "schemas"}
MAY_IMPORT = {
    "flows": {"tasks", "schemas"},
    "tasks": BELOW_TASKS,
    "eval": {"serving", "llm", "prompts", "schemas"},
    "training": {"prompts", "schemas"},
    "serving": {"llm", "schemas"},
    "llm": {"prompts", "schemas"},
    "warehouse": {"schemas"},
    "prompts": set(),
    "schemas": set(),
    "commands": {"flows", "tasks", "warehouse", "schemas"},
    "cli.py": {"commands"},
    "benchmarks": {"flows", "tasks", "tests", *BELOW_TASKS},
}
OURS = {name for name in MAY_IMPORT if not name.endswith(".py")} | {"cli", "tests"}


def imported_folders(path: Path) -> set[str]:
    """Our own top-level names that a file imports, wherever in the file the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            names.add((node.module or "").split(".")[0])
    return names & OURS


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_stands_to_its_right(folder: str) -> None:
    place = ROOT / folder
    for path in [place] if place.is_file() else place.rglob("*.py"):
        forbidden = imported_folders(path) - MAY_IMPORT[folder] - {folder}
        assert not forbidden, f"{path.relative_to(ROOT)} imports {forbidden}; {folder} may import {MAY_IMPORT[folder]}"


def test_every_python_folder_is_in_the_table() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders - {"tests"} <= set(MAY_IMPORT)


def test_only_the_warehouse_opens_duckdb() -> None:
    for folder in set(MAY_IMPORT) - {"warehouse", "benchmarks"}:
        place = ROOT / folder
        for path in [place] if place.is_file() else place.rglob("*.py"):
            assert "import duckdb" not in path.read_text(encoding="utf-8"), path


def test_no_flow_file_hides_a_folder_or_a_standard_module() -> None:
    """Prefect puts the flow's folder first on the path: flows/training.py would break `import training`."""
    import sys

    for path in (ROOT / "flows").glob("*.py"):
        assert path.stem == "__init__" or path.stem not in OURS | sys.stdlib_module_names, path
