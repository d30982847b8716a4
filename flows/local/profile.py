"""Which Prefect server a person has chosen already, read without importing Prefect (that takes a second).

Prefect's own order: the environment, `.env`, prefect.toml, pyproject.toml, the active profile.
"""

import importlib.util
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def find_chosen_api_url(environment: Mapping[str, str], folder: Path) -> str | None:
    """PREFECT_API_URL of the environment, of Prefect's files in `folder`, or of the active Prefect profile."""
    chosen = environment.get("PREFECT_API_URL") or _read_dotenv(folder / ".env")
    for name, keys in (("prefect.toml", ("api", "url")), ("pyproject.toml", ("tool", "prefect", "api", "url"))):
        chosen = chosen or _look_up(_read_toml(folder / name), keys)
    return chosen or _read_profile(environment)


def _read_dotenv(path: Path) -> str | None:
    lines = path.read_text().splitlines() if path.is_file() else []
    pairs = (line.removeprefix("export ").partition("=") for line in map(str.strip, lines))
    return next((value.strip().strip("'\"") for name, _, value in pairs if name.strip() == "PREFECT_API_URL"), None)


def _read_profile(environment: Mapping[str, str]) -> str | None:
    home = Path(environment.get("PREFECT_HOME") or "~/.prefect").expanduser()
    profiles = _read_toml(Path(environment.get("PREFECT_PROFILES_PATH") or home / "profiles.toml").expanduser())
    active = environment.get("PREFECT_PROFILE") or profiles.get("active")
    if not isinstance(active, str):
        return None
    table = _look_up_table(profiles, active) or _look_up_table(_read_built_in_profiles(), active)
    url = table.get("PREFECT_API_URL")
    return url if isinstance(url, str) and url else None


def _read_built_in_profiles() -> dict[str, Any]:
    package = importlib.util.find_spec("prefect")
    folders = package.submodule_search_locations if package else None
    return _read_toml(Path(folders[0]) / "settings" / "profiles.toml") if folders else {}


def _look_up_table(profiles: dict[str, Any], name: str) -> dict[str, Any]:
    table = profiles.get("profiles", {}).get(name, {})
    return table if isinstance(table, dict) else {}


def _look_up(values: Any, keys: tuple[str, ...]) -> str | None:
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values if isinstance(values, str) and values else None


def _read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text()) if path.is_file() else {}
