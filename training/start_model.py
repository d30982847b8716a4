"""The model that a run starts from: loaded as the config says, an adapter's folder merged, new tokens in place."""

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import UsageError
from schemas.record import content_id
from schemas.training import TrainConfig
from training.blocked_attention import register_blocked_attention
from training.tokens import Tokens, start_embeddings

_SAMPLES = 64
_SAMPLE_BYTES = 1 << 20  # 64 MiB of a file of gigabytes, in a tenth of a second


class Base(NamedTuple):
    """Ready to be trained."""

    model: Any
    folder: str
    """Where an adapter's base is to be found; the run's own output where the base was changed."""
    is_changed: bool
    """Whether it is no longer what its folder holds, so that an adapter alone would not tell what was trained."""


def find_weights(base_model: str) -> tuple[str, str | None]:
    """The folder (or hub name) of the weights, and the adapter to be merged into them."""
    settings = Path(base_model) / "adapter_config.json"
    if (Path(base_model) / "config.json").is_file() or not settings.is_file():
        return base_model, None
    named = str(json.loads(settings.read_text(encoding="utf-8")).get("base_model_name_or_path") or "")
    inside = Path(base_model) / named
    return (str(inside) if named and (inside / "config.json").is_file() else named), base_model


def find_tokenizer(base_model: str) -> str:
    """The folder of the tokenizer: an adapter's own where it has one."""
    weights, adapter = find_weights(base_model)
    return adapter if adapter and (Path(adapter) / "tokenizer_config.json").is_file() else weights


def check_base(base_model: str) -> None:
    """Refuse a folder that holds no model before anything slow happens.

    Raises:
        UsageError: it is a path without a model.
    """
    weights, _ = find_weights(base_model)
    if not Path(weights).exists() and (weights.startswith((".", "/", "~")) or weights.count("/") != 1):
        raise UsageError(f"There is no base model at {weights}; name a model's folder, or one of the hub (owner/name).")
    if Path(weights).exists() and not (Path(weights) / "config.json").is_file():
        raise UsageError(f"{weights} holds no config.json; name the folder of a model.")


def hash_base(base_model: str) -> str:
    """Name a base by its config and samples of its weights; by its name where it is on the hub."""
    parts: list[object] = []
    for place in [Path(each) for each in find_weights(base_model) if each]:
        files = sorted(place.glob("*.safetensors")) if place.is_dir() else []
        configs = [(place / name) for name in ("config.json", "adapter_config.json") if (place / name).is_file()]
        parts.append([each.read_text(encoding="utf-8") for each in configs] or str(place))
        parts.append([(each.name, _sample_file(each)) for each in files])
    return content_id(*parts)


def _sample_file(file: Path) -> str:
    """A hash over the size and parts from all over a file: models of one shape have files of one size."""
    size = file.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as stream:
        for part in range(_SAMPLES):
            stream.seek(part * max(size - _SAMPLE_BYTES, 0) // (_SAMPLES - 1))
            digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def load_base(config: TrainConfig, tokens: Tokens) -> Base:
    """Load the model.

    Raises:
        UsageError: it can't be loaded, or not in 4 bits.
    """
    import torch
    from transformers import AutoModelForCausalLM

    on_gpu = config.use_gpu and torch.cuda.is_available()
    device = _find_device() if on_gpu else torch.device("cpu")
    weights, adapter = find_weights(config.base_model)
    options: dict[str, Any] = {"attn_implementation": choose_attention(config), "dtype": "float32"}
    if config.weights == "bfloat16":
        options["dtype"] = "bfloat16"
    if config.weights == "4bit":
        options |= {"quantization_config": _quantize(), "dtype": "bfloat16"}
    loader: Any = AutoModelForCausalLM
    try:
        model = loader.from_pretrained(weights, **options)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise UsageError(f"The base model {weights} can't be loaded: {str(error).splitlines()[0]}") from None
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    grew = start_embeddings(model, tokens.starts, len(tokens.tokenizer))
    _agree_on_ends(model, tokens.tokenizer)
    if config.weights != "4bit" and (config.has_adapter or config.devices == 1):
        model = model.to(device)  # with FSDP each device gets its part later
    is_changed = grew or adapter is not None
    return Base(model, str(Path(config.output) / "base") if is_changed else weights, is_changed)


def choose_attention(config: TrainConfig) -> str:
    """flash_attention_2 where a GPU has it; sdpa keeps packed rows apart by a mask, which costs memory only."""
    import torch

    if config.attention == "blocked":
        register_blocked_attention()
    if config.attention != "auto":
        return config.attention
    has_gpu = config.use_gpu and torch.cuda.is_available()
    return "flash_attention_2" if has_gpu and importlib.util.find_spec("flash_attn") else "sdpa"


def _find_device() -> Any:
    """This process' own GPU, also where several processes were launched."""
    from accelerate import PartialState  # type: ignore[import-untyped]

    return PartialState().device


def _agree_on_ends(model: Any, tokenizer: Any) -> None:
    """The end of a turn comes first among the tokens that end an answer; a base's own ends stay."""
    known = model.generation_config.eos_token_id
    others = [] if known is None else [known] if isinstance(known, int) else list(known)
    model.generation_config.eos_token_id = list(dict.fromkeys([tokenizer.eos_token_id, *others]))
    model.config.eos_token_id = tokenizer.eos_token_id
    for place in (model.config, model.generation_config):
        place.pad_token_id = tokenizer.pad_token_id


def _quantize() -> Any:
    import torch

    if not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None:
        raise UsageError(
            "weights: 4bit needs a GPU and bitsandbytes (`pip install bitsandbytes`); or set weights: bfloat16."
        )
    from transformers import BitsAndBytesConfig

    make: Any = BitsAndBytesConfig
    return make(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
