"""Whom an evaluation asks: addresses, folders, names, keys; found out before anything else is done."""

import asyncio
from pathlib import Path

import pytest

from schemas.errors import TerminalError, UsageError
from schemas.evaluation_options import Target, parse_target
from schemas.settings import EvaluateSettings, Settings
from tasks.targets import choose_key, find_targets, fingerprint_folder, read_key
from tests.eval.scripted_endpoint import scripted_endpoint
from tests.http_server import HttpReply, HttpRequest, serve


@pytest.mark.parametrize(
    ("text", "address", "model"),
    [
        ("http://host:8000/v1", "http://host:8000/v1", None),
        ("http://host:8000/v1/", "http://host:8000/v1", None),
        ("https://api.example/v1=gpt-4o", "https://api.example/v1", "gpt-4o"),
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
    with scripted_endpoint([], tmp_path, "words") as one, scripted_endpoint([], tmp_path, "words") as other:
        targets = [Target(address=one, model="same"), Target(address=other, model="same")]
        found = find_targets(targets, Settings(home=tmp_path), EvaluateSettings())
    assert [each.label for each in found] == ["same", "same #2"]


def test_a_target_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    """Its stored answers would be compared with themselves."""
    with scripted_endpoint([], tmp_path, "words") as url, pytest.raises(UsageError, match="given twice"):
        find_targets([Target(address=url, model="m")] * 2, Settings(home=tmp_path), EvaluateSettings())


@pytest.mark.parametrize("address", ["http://h/v1?api-key=SECRET", "http://me:SECRET@h/v1=m", "http://[bad/v1=m"])
def test_an_address_that_holds_a_secret_or_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(address)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://localhost:abc/v1", "http://127.0.0.1:9/v1"])
def test_an_address_where_nobody_listens_is_found_out_at_once(address: str, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="Nothing answers at http"):
        find_targets([Target(address=address, model="m")], Settings(home=tmp_path), EvaluateSettings())


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
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEYS", '{"https://other.example": "second"}')
    settings, first = EvaluateSettings(), "https://api.example/v1"
    keys = {
        address: read_key(settings, address, choose_key(settings, address, first))
        for address in (first, "https://api.example/v1/", "https://third.example/v1", "https://other.example/v1")
    }
    assert list(keys.values()) == ["first", "first", "", "second"]


def test_a_key_does_not_follow_a_redirect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEY", "sk-secret")
    seen: list[HttpRequest] = []

    def catch(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(200, b"{}")

    async def look() -> None:
        async with serve(catch) as elsewhere:
            away = HttpReply(302, headers={"location": f"{elsewhere}/models"})
            async with serve(lambda _: away) as address:
                target = Target(address=f"{address}/v1", model="m")
                await asyncio.to_thread(find_targets, [target], Settings(home=tmp_path), EvaluateSettings())

    asyncio.run(look())
    assert not seen
