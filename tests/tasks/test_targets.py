"""Whom an evaluation asks: addresses, folders, names, keys; found out before anything else is done."""

from pathlib import Path

import pytest

from schemas.errors import TerminalError, UsageError
from schemas.evaluation_options import Target, parse_target
from schemas.settings import EvaluateSettings, Settings
from tasks.targets import find_targets, fingerprint_folder, read_key
from tests.eval.scripted_endpoint import scripted_endpoint


@pytest.mark.parametrize(
    ("text", "address", "model"),
    [
        ("http://host:8000/v1", "http://host:8000/v1", None),
        ("http://host:8000/v1/", "http://host:8000/v1", None),
        ("https://api.example/v1=gpt-4o", "https://api.example/v1", "gpt-4o"),
        ("https://api.example/v1?x=y=m", "https://api.example/v1?x=y", "m"),
        ("runs/lr=0.1", "runs/lr=0.1", None),
        ("production", "production", None),
    ],
)
def test_a_target_is_an_address_with_or_without_a_model_or_a_folder(text: str, address: str, model: str | None) -> None:
    assert parse_target(text) == Target(address=address, model=model)


def test_an_address_with_an_empty_model_is_refused() -> None:
    with pytest.raises(UsageError, match="names no model"):
        parse_target("http://host/v1=")


def test_the_only_model_that_an_address_lists_is_meant(tmp_path: Path) -> None:
    with scripted_endpoint([], tmp_path, "words") as url:
        (found,) = find_targets([Target(address=url)], Settings(home=tmp_path), EvaluateSettings())
    assert (found.label, found.model, found.url, found.fingerprint) == ("scripted", "scripted", url, None)


def test_two_targets_of_one_name_get_labels_of_their_own(tmp_path: Path) -> None:
    with scripted_endpoint([], tmp_path, "words") as url:
        targets = [Target(address=url, model="same"), Target(address=url, model="same")]
        found = find_targets(targets, Settings(home=tmp_path), EvaluateSettings())
    assert [each.label for each in found] == ["same", "same #2"]


def test_an_address_where_nobody_listens_is_found_out_at_once(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="Nothing answers at http"):
        find_targets([Target(address="http://127.0.0.1:9/v1", model="m")], Settings(home=tmp_path), EvaluateSettings())


def test_a_folder_is_known_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (found,) = find_targets([Target(address=str(folder))], Settings(home=tmp_path), EvaluateSettings())
    before = found.identity
    assert found.label == "model"
    (folder / "config.json").write_text("[]")
    (changed,) = find_targets([Target(address=str(folder))], Settings(home=tmp_path), EvaluateSettings())
    assert changed.identity != before


def test_a_large_file_is_known_by_its_size_and_samples(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    with file.open("wb") as weights:
        weights.truncate(65 << 20)
    before = fingerprint_folder(tmp_path)
    with file.open("r+b") as weights:
        weights.seek((65 << 20) - 1)
        weights.write(b"x")
    assert fingerprint_folder(tmp_path) != before


def test_a_key_goes_to_its_own_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEY", "first")
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEYS", '{"https://other.example/v1": "second"}')
    settings = EvaluateSettings()
    assert read_key(settings, "https://api.example/v1", is_first=True) == "first"
    assert read_key(settings, "https://api.example/v1", is_first=False) == ""
    assert read_key(settings, "https://other.example/v1", is_first=False) == "second"
