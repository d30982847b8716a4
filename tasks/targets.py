"""Whom an evaluation asks: an address, a model's folder that is served for the occasion, or a server that runs."""

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pydantic import SecretStr

from schemas.errors import TerminalError, UsageError
from schemas.evaluation_options import EvaluationOptions, FolderServing, Target
from schemas.record import Record, content_id
from schemas.serve import BackendChoice, ServeOptions
from schemas.settings import EvaluateSettings, ServeSettings, Settings, load_settings
from serving.production.attached import serve_attached
from serving.production.state import ServeFolder

_LIST_S = 15.0
_SAMPLE_BYTES = 1 << 20
_WHOLE_BYTES = 64 << 20
_NAME = re.compile(r"[\w.-]+")

FREE_ENDING = "@none"
"""Of a target, and of its label, that is asked without token masks."""

KeySource = Literal["none", "first", "by address", "serve"]
"""CALLMILL_EVALUATE_API_KEY, CALLMILL_EVALUATE_API_KEYS, or that of our own server."""


class KnownTarget(Record):
    """A target whose model is known by name, and by content where it is a folder."""

    label: str
    """Names the model in rows and tables; no two targets of an evaluation share it."""
    place: str
    """Address or folder, for a person."""
    url: str | None
    """Ending in /v1; none: a folder, to be served."""
    model: str
    """What requests call it."""
    fingerprint: str | None
    """Of the folder's files; none: what an address answers with may change from day to day."""
    serving: FolderServing | None = None
    """How the folder is served; none: an address."""
    loaded: str | None = None
    """When a server of ours took the model over; none: another's."""
    key_from: KeySource = "none"
    """Whose key requests carry; the key itself is never part of a record."""

    @property
    def identity(self) -> str:
        """Answers of the same identity are answers of the same model."""
        return content_id(self.fingerprint or self.url, self.model)

    @property
    def is_ours(self) -> bool:
        """Whether a server of ours answers, which serves one model and says which."""
        return self.url is None or self.key_from == "serve"


async def look_at_targets(options: EvaluationOptions) -> list[KnownTarget]:
    """Look at every target before anything is asked; see `find_targets`."""
    settings, evaluation = load_settings(Settings), load_settings(EvaluateSettings)
    return await asyncio.to_thread(find_targets, options.targets, settings, evaluation, options.serving)


def find_targets(
    targets: Sequence[Target],
    settings: Settings,
    evaluation: EvaluateSettings,
    serving: FolderServing = FolderServing(),
) -> list[KnownTarget]:
    """Look at every target.

    Args:
        targets: as they were written.
        settings: where our own servers are known.
        evaluation: whose keys go where.
        serving: of folders, but for what FOLDER@BACKEND says.

    Raises:
        UsageError: a word is neither an address, nor a folder, nor a server's name; an address lists several models; or
            two targets are the same.
        TerminalError: nothing answers there, or the key is refused.
    """
    known: list[KnownTarget] = []
    for target in targets:
        found = _find(target, targets[0], settings, evaluation, serving)
        if any((each.identity, each.serving) == (found.identity, found.serving) for each in known):
            raise UsageError(f"{found.place} ({found.model}) is given twice; compare others, or use --repeats.")
        same = sum(each.label.partition(" #")[0] == found.label for each in known)
        known.append(found.model_copy(update={"label": f"{found.label} #{same + 1}"}) if same else found)
    return known


@contextlib.asynccontextmanager
async def reach(
    target: KnownTarget, settings: Settings, evaluation: EvaluateSettings
) -> AsyncIterator[EvaluateSettings]:
    """The endpoint's settings; a folder is served until the block ends.

    Raises:
        TerminalError: the folder's model does not come up.
    """
    if target.url is not None:
        yield _address(evaluation, target.url, target.model, read_key(evaluation, target.url, target.key_from))
        return
    options = ServeOptions(model=target.place, **(target.serving or FolderServing()).model_dump())
    name = f"evaluate-{os.getpid()}-{target.identity[:8]}"
    async with serve_attached(settings.home, name, options) as server:
        yield _address(evaluation, server.url, server.model, "")


def choose_key(evaluation: EvaluateSettings, address: str, first: str) -> KeySource:
    """Whose key an address gets; CALLMILL_EVALUATE_API_KEY is for the first one alone, so that no other sees it."""
    if _without_ending(address) in _keys_by_address(evaluation):
        return "by address"
    return "first" if _without_ending(address) == _without_ending(first) else "none"


def read_key(evaluation: EvaluateSettings, address: str, source: KeySource) -> str:
    """The key itself."""
    if source == "serve":
        key = load_settings(ServeSettings).api_key
        return key.get_secret_value() if key else ""
    if source == "by address":
        return _keys_by_address(evaluation)[_without_ending(address)].get_secret_value()
    return evaluation.api_key.get_secret_value() if source == "first" else ""


def _keys_by_address(evaluation: EvaluateSettings) -> dict[str, SecretStr]:
    return {_without_ending(address): key for address, key in evaluation.api_keys.items()}


def _without_ending(address: str) -> str:
    """Addresses are written with and without /v1 and a slash."""
    return address.rstrip("/").removesuffix("/v1").rstrip("/")


def fingerprint_folder(folder: Path) -> str:
    """Hash of a folder's files: whole ones up to 64 MiB, of larger ones the size and a MiB at start, middle and end."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}:{size}:".encode())
        with path.open("rb") as file:
            if size <= _WHOLE_BYTES:
                digest.update(file.read())
                continue
            for start in (0, size // 2, size - _SAMPLE_BYTES):
                file.seek(start)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:20]


class _ServedFolder(NamedTuple):
    """A folder, and who makes its token masks."""

    path: Path
    backend: BackendChoice


def _split_backend(address: str, usual: BackendChoice) -> _ServedFolder | None:
    """Read FOLDER or FOLDER@BACKEND; a folder whose own name ends so is meant itself."""
    if Path(address).is_dir():
        return _ServedFolder(Path(address), usual)
    name, _, word = address.rpartition("@")
    named: BackendChoice | None = next((each for each in get_args(BackendChoice) if each == word), None)
    return _ServedFolder(Path(name), named) if named and name and Path(name).is_dir() else None


def _describe_folder(folder: _ServedFolder, serving: FolderServing) -> KnownTarget:
    path = folder.path.resolve()
    # A trained adapter is merged into its base inside the run's folder.
    name = path.parent.name if path.name == "merged" else path.name
    is_usual = folder.backend == serving.backend != "none"
    return KnownTarget(
        label=name if is_usual else f"{name}@{folder.backend}",
        place=str(folder.path),
        url=None,
        model=name,
        fingerprint=fingerprint_folder(folder.path),
        serving=serving.model_copy(update={"backend": folder.backend}),
    )


def _find(
    target: Target, first: Target, settings: Settings, evaluation: EvaluateSettings, serving: FolderServing
) -> KnownTarget:
    if target.is_url:
        source = choose_key(evaluation, target.address, first.address)
        key = read_key(evaluation, target.address, source)
        listed = _list_models(target.address, key, is_needed=target.model is None)
        model = target.model or listed[0]
        return KnownTarget(
            label=model, place=target.address, url=target.address, model=model, fingerprint=None, key_from=source
        )
    folder = _split_backend(target.address, serving.backend)
    if folder is not None:
        return _describe_folder(folder, serving)
    state = ServeFolder(settings.home).read(target.address) if _NAME.fullmatch(target.address) else None
    if state is None or state.report is None:
        raise UsageError(
            f"'{target.address}' is no web address, no folder, and no server of that name runs here; give a model's "
            "folder (FOLDER@none: without token masks), http://HOST:PORT/v1, or start one with "
            "`callmill serve FOLDER --detach`."
        )
    name = state.report.model
    return KnownTarget(
        label=name if state.options.backend != "none" else f"{name}{FREE_ENDING}",
        place=f"{target.address}: {state.options.model}",
        url=state.report.url,
        model=state.report.model,
        fingerprint=None,  # what the folder holds now need not be what the server has loaded
        loaded=f"{state.pid} since {state.since.isoformat()}",
        key_from="serve",
    )


def _list_models(address: str, key: str, is_needed: bool) -> list[str]:
    """What an address lists; one that does not answer at all is found out here, before anything else is done.

    Raises:
        UsageError: it is not clear which model is meant.
        TerminalError: nobody listens, the key is refused, or no list comes and one is needed.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        request = urllib.request.Request(f"{address}/models", headers=headers)  # noqa: S310 (http or https, checked)
        with _OPENER.open(request, timeout=_LIST_S) as reply:
            listed = [str(each["id"]) for each in json.load(reply)["data"]]
    except urllib.error.HTTPError as error:
        problem = f"answered {error.code}"
        if error.code == 401:
            raise TerminalError(
                f"{address}/models {problem}: the key is refused or missing; set CALLMILL_EVALUATE_API_KEY for the "
                "first model's address, CALLMILL_EVALUATE_API_KEYS for others."
            ) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise TerminalError(
            f"Nothing answers at {address} ({reason}); nothing was scored. Start the server, or check the address "
            "(it usually ends in /v1)."
        ) from None
    except (ValueError, KeyError, TypeError):
        problem = "lists no models in OpenAI's form"
    else:
        if is_needed and len(listed) != 1:
            raise UsageError(f"{address} serves {', '.join(listed) or 'no model'}; choose one as {address}=MODEL.")
        return listed
    if is_needed:
        raise TerminalError(
            f"{address}/models {problem}; name the model as {address}=MODEL, or check the address (it usually ends in "
            "/v1)."
        )
    return []


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would carry the key along to wherever it is sent."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def _address(evaluation: EvaluateSettings, url: str, model: str, key: str) -> EvaluateSettings:
    changes = {"base_url": url, "model": model, "api_key": type(evaluation.api_key)(key)}
    return evaluation.model_copy(update=changes)
