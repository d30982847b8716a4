"""What is asked of `factory`; looked at before a Prefect server is started for it."""

from collections.abc import Sequence
from pathlib import Path

from schemas.errors import UsageError
from schemas.job import describe_options
from schemas.record import Record
from schemas.serve import EngineName
from schemas.training import TrainConfig
from tasks.ingest import find_documents
from training.config import load_config
from training.rows import hash_files
from training.start_model import check_base, hash_base


class FactoryOptions(Record):
    """What was asked of `factory`; everything here is part of the job's identity."""

    apis: tuple[str, ...]
    config_path: str
    config: TrainConfig
    documents_sha256: str
    base_sha256: str
    changes: tuple[str, ...]
    samples: int
    mix: dict[str, float]
    seed: int
    test_samples: int
    engine: EngineName
    gpu_usd_per_hour: float | None


def describe_factory(
    apis: Sequence[str],
    config: str,
    samples: int,
    mix: str,
    seed: int,
    changes: Sequence[str],
    test_samples: int,
    engine: EngineName,
    gpu_usd_per_hour: float | None,
) -> FactoryOptions:
    """Options as a record.

    Raises:
        UsageError: a document, a word of the mix, a knob of the config or the base model is off.
    """
    documents = find_documents([Path(api) for api in apis])
    described = describe_options(samples, mix, None, "train", seed, 3)
    loaded = load_config(Path(config), changes)
    if loaded.method == "dpo":
        raise UsageError(
            f"{config} prefers answers (dpo); the factory needs a config that learns them, such as sft-lora."
        )
    check_base(loaded.base_model)
    return FactoryOptions(
        apis=tuple(apis),
        config_path=config,
        config=loaded,
        documents_sha256=hash_files(documents),
        base_sha256=hash_base(loaded.base_model),
        changes=tuple(changes),
        samples=samples,
        mix={str(kind): weight for kind, weight in described.mix.items()},
        seed=seed,
        test_samples=test_samples,
        engine=engine,
        gpu_usd_per_hour=gpu_usd_per_hour,
    )
