"""From a model folder to an engine whose calls are legal."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from serving.backends.backend import BackendName
from serving.backends.open import open_backend
from serving.constraint import Constrainer
from serving.embedded.engine import EmbeddedEngine
from serving.embedded.load import Dtype, LoadedModel, load_model
from serving.embedded.scheduler import Limits

LEAST_KEPT, MOST_KEPT = 64 << 20, 1 << 30
"""Bytes of answered requests' keys and values, kept for prompts that begin alike: in proportion to the model."""


@dataclass(frozen=True)
class EmbeddedOptions:
    """How to load and run a model in this process."""

    name: str | None = None
    """Told to clients; the folder's name where it is None."""
    backend: BackendName | None = "xgrammar"
    """What makes token masks; None: no constraint, for measuring what it does."""
    dtype: Dtype = "auto"
    device: str = "auto"
    threads: int | None = None
    context_length: int | None = None
    """Less than the model's own, to save memory."""
    rows: int = 64
    """Requests that run at once."""


class OpenedEngine(NamedTuple):
    """An engine and the model in it, whose tokenizer holds the chat template."""

    engine: EmbeddedEngine
    loaded: LoadedModel


def open_embedded(folder: Path, options: EmbeddedOptions) -> OpenedEngine:
    """Load a model and start its engine.

    Raises:
        UsageError: the folder holds no model that this engine can run.
    """
    loaded = load_model(
        folder,
        name=options.name,
        dtype=options.dtype,
        device=options.device,
        threads=options.threads,
        context_length=options.context_length,
    )
    constraints = None
    if options.backend is not None:
        backend = open_backend(options.backend, loaded.vocabulary)
        constraints = Constrainer(loaded.vocabulary, backend).open
    weights = sum(each.numel() * each.element_size() for each in loaded.model.parameters())
    limits = Limits(rows=options.rows, kept_bytes=min(MOST_KEPT, max(LEAST_KEPT, weights // 4)))
    return OpenedEngine(EmbeddedEngine(loaded, constraints=constraints, limits=limits), loaded)
