"""Whom an evaluation asks: an address, a model's folder that is served for the occasion, or a server that runs."""

import asyncio
import contextlib
import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from schemas.errors import TerminalError, UsageError
from schemas.evaluation_options import EvaluationOptions, FolderServing, Target
from schemas.record import Record, content_id
from schemas.serve import ServeOptions
from schemas.settings import EvaluateSettings, ServeSettings, Settings, load_settings
from serving.production.attached import serve_attached
from serving.production.state import ServeFolder

_LIST_S = 15.0
_SAMPLE_BYTES = 1 << 20
_WHOLE_BYTES = 64 << 20


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
    is_own_server: bool = False
    """Runs under `callmill serve`, and takes its key."""

    @property
    def identity(self) -> str:
        """Answers of the same identity are answers of the same model."""
        return content_id(self.fingerprint or self.url, self.model)


async def look_at_targets(options: EvaluationOptions) -> list[KnownTarget]:
    """Look at every target before anything is asked; see `find_targets`."""
    settings, evaluation = load_settings(Settings), load_settings(EvaluateSettings)
    return await asyncio.to_thread(find_targets, options.targets, settings, evaluation)


def find_targets(targets: Sequence[Target], settings: Settings, evaluation: EvaluateSettings) -> list[KnownTarget]:
    """Look at every target before anything is asked.

    Raises:
        UsageError: a word is neither an address, nor a folder, nor a server's name; or an address lists several models.
        TerminalError: nothing answers there.
    """
    known: list[KnownTarget] = []
    for index, target in enumerate(targets):
        found = _find(target, settings, read_key(evaluation, target.address, is_first=index == 0))
        same = sum(each.label.partition(" #")[0] == found.label for each in known)
        known.append(found.model_copy(update={"label": f"{found.label} #{same + 1}"}) if same else found)
    return known


@contextlib.asynccontextmanager
async def reach(
    target: KnownTarget, serving: FolderServing, settings: Settings, evaluation: EvaluateSettings, is_first: bool
) -> AsyncIterator[EvaluateSettings]:
    """The endpoint's settings; a folder is served until the block ends.

    Raises:
        TerminalError: the folder's model does not come up.
    """
    if target.url is not None:
        key = read_key(evaluation, target.url, is_first)
        if target.is_own_server:
            key = _own_key()
        yield _address(evaluation, target.url, target.model, key)
        return
    options = ServeOptions(model=target.place, **serving.model_dump())
    name = f"evaluate-{os.getpid()}-{target.identity[:8]}"
    async with serve_attached(settings.home, name, options) as server:
        yield _address(evaluation, server.url, server.model, "")


def read_key(evaluation: EvaluateSettings, address: str, is_first: bool) -> str:
    """The key of an address; CALLMILL_EVALUATE_API_KEY is the first target's alone, so that no other server sees it."""
    named = evaluation.api_keys.get(address) or evaluation.api_keys.get(f"{address}/")
    if named is not None:
        return named.get_secret_value()
    return evaluation.api_key.get_secret_value() if is_first else ""


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


def _find(target: Target, settings: Settings, key: str) -> KnownTarget:
    if target.is_url:
        listed = _list_models(target.address, key, is_needed=target.model is None)
        model = target.model or listed[0]
        return KnownTarget(label=model, place=target.address, url=target.address, model=model, fingerprint=None)
    folder = Path(target.address)
    if folder.is_dir():
        name = folder.resolve().name
        return KnownTarget(
            label=name, place=target.address, url=None, model=name, fingerprint=fingerprint_folder(folder)
        )
    state = ServeFolder(settings.home).read(target.address) if target.address.replace("-", "").isalnum() else None
    if state is None or state.report is None:
        raise UsageError(
            f"'{target.address}' is no web address, no folder, and no server of that name runs here; give a model's "
            "folder, http://HOST:PORT/v1, or start one with `callmill serve FOLDER --detach`."
        )
    served = Path(state.options.model)
    return KnownTarget(
        label=state.report.model,
        place=f"{target.address}: {state.options.model}",
        url=state.report.url,
        model=state.report.model,
        fingerprint=fingerprint_folder(served) if served.is_dir() else None,
        is_own_server=True,
    )


def _list_models(address: str, key: str, is_needed: bool) -> list[str]:
    """What an address lists; one that does not answer at all is found out here, before anything else is done.

    Raises:
        UsageError: it is not clear which model is meant.
        TerminalError: nobody listens, or no list comes and one is needed.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{address}/models", headers=headers)  # noqa: S310 (http or https, checked)
    try:
        with urllib.request.urlopen(request, timeout=_LIST_S) as reply:  # noqa: S310
            listed = [str(each["id"]) for each in json.load(reply)["data"]]
    except urllib.error.HTTPError as error:
        problem = f"answered {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
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
            f"{address}/models {problem}; name the model as {address}=MODEL, check the address (it usually ends in "
            "/v1), or set CALLMILL_EVALUATE_API_KEY."
        )
    return []


def _address(evaluation: EvaluateSettings, url: str, model: str, key: str) -> EvaluateSettings:
    changes = {"base_url": url, "model": model, "api_key": type(evaluation.api_key)(key)}
    return evaluation.model_copy(update=changes)


def _own_key() -> str:
    key = load_settings(ServeSettings).api_key
    return key.get_secret_value() if key else ""
