"""A model folder becomes a model, its tokenizer and its vocabulary; what the engine can't run is refused here."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from schemas.errors import UsageError
from serving.vocabulary import Vocabulary, read_vocabulary

if not torch.cuda.is_available():
    # transformers' models have torch look for Triton, which a CPU has no use for and which reports leaks at exit.
    sys.modules.setdefault("triton", None)  # type: ignore[arg-type]  # None: it can't be imported
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

MODEL_TYPES = ("qwen2", "qwen3", "llama", "mistral")
"""Tested against `model.generate`; each keeps every key and value, in every layer."""

ROPE_TYPES = ("default", "linear", "llama3", "yarn")
"""Positions that depend on nothing but themselves: others depend on the longest sequence of the batch."""

END_MARKS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>")
"""Ends of a turn in chat templates, where the model's own settings forget them."""


@dataclass(frozen=True)
class LoadedModel:
    """What the engine needs."""

    name: str
    model: Any
    tokenizer: Any
    """Also the chat template."""
    vocabulary: Vocabulary
    context_length: int

    def tokenise(self, prompt: str) -> tuple[int, ...]:
        """Tokens of a rendered prompt; special tokens that are spelled out in it are these tokens.

        A user's text that spells `<|im_start|>` is one too, as in transformers and vLLM: chat templates put messages
        and marks into one text.
        """
        return tuple(self.tokenizer.backend_tokenizer.encode(prompt, add_special_tokens=False).ids)


def load_model(
    folder: str | Path,
    *,
    name: str | None = None,
    dtype: Dtype = "auto",
    device: str = "auto",
    threads: int | None = None,
    context_length: int | None = None,
) -> LoadedModel:
    """Load a model folder, or a LoRA adapter's folder and the model it names.

    Args:
        folder: as `save_pretrained` writes it.
        name: to be told to clients; the folder's name where it is None.
        dtype: auto: float32 on a CPU, else what the weights are saved in.
        device: auto: a GPU if there is one.
        threads: that torch computes with.
        context_length: less than the model's own, to save memory.

    Raises:
        UsageError: the folder or the model is not of a kind that can be run.
    """
    place = Path(folder)
    if threads is not None:
        torch.set_num_threads(threads)
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    base = _base_folder(place)
    model = _load_weights(base, dtype, where)
    if base != place:
        model = _merge_adapter(model, place)
    model.eval()
    check_supported(model.config)
    tokenizer_place = place if (place / "tokenizer_config.json").exists() else base
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_place, local_files_only=True)
    own_length = int(model.config.max_position_embeddings)
    if context_length is not None and context_length > own_length:
        raise UsageError(f"{folder} holds {own_length} tokens; --max-model-len {context_length} is more than that.")
    return make_loaded(name or place.resolve().name, model, tokenizer, context_length or own_length)


def make_loaded(name: str, model: Any, tokenizer: Any, context_length: int) -> LoadedModel:
    """Put the parts together; the tokenizer loses its own cutting and padding.

    Raises:
        UsageError: the tokenizer is of a kind whose tokens can't be spelled.
    """
    if len(tokenizer) <= len(tokenizer.added_tokens_decoder):
        raise UsageError(f"{name} holds no tokenizer; save it into the model's folder.")
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(f"The tokenizer of {name} has no tokenizer.json; save it with a fast tokenizer.")
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    width = model.get_output_embeddings().weight.shape[0]
    try:
        vocabulary = read_vocabulary(tokenizer, width, find_end_ids(model, tokenizer))
    except ValueError as error:
        raise UsageError(str(error)) from None
    return LoadedModel(name, model, tokenizer, vocabulary, context_length)


def find_end_ids(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """Tokens that end an answer: of the generation config, the config, the tokenizer and the chat marks it knows."""
    found: list[int] = []
    for owner in (model.generation_config, model.config, tokenizer):
        value = getattr(owner, "eos_token_id", None)
        found += [] if value is None else [value] if isinstance(value, int) else list(value)
    special = {entry.content: token for token, entry in tokenizer.added_tokens_decoder.items() if entry.special}
    found += [special[mark] for mark in END_MARKS if mark in special]
    if not found:
        raise UsageError("The model names no end token; set eos_token_id in its generation_config.json.")
    return tuple(dict.fromkeys(found))


def check_supported(config: Any) -> None:
    """Refuse what the row cache would compute wrongly.

    Raises:
        UsageError: naming what the model has and the engine lacks.
    """
    problems = []
    if config.model_type not in MODEL_TYPES:
        problems.append(f"its type is {config.model_type}, and {', '.join(MODEL_TYPES)} are known")
    if getattr(config, "sliding_window", None) and _uses_window(config):
        problems.append(f"it has a sliding window of {config.sliding_window} tokens")
    others = set(getattr(config, "layer_types", None) or []) - {"full_attention"}
    if others:
        problems.append(f"it has layers of the types {', '.join(sorted(others))}")
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if rope not in ROPE_TYPES:
        problems.append(f"its positions are scaled by {rope}, and {', '.join(ROPE_TYPES)} are known")
    if problems:
        raise UsageError(
            f"The embedded engine can't run this model: {'; '.join(problems)}. Serve it with --engine vllm."
        )


def _uses_window(config: Any) -> bool:
    """Qwen keeps a window's size in its config beside a switch."""
    return bool(getattr(config, "use_sliding_window", True))


def _base_folder(place: Path) -> Path:
    if (place / "config.json").is_file():
        return place
    settings = place / "adapter_config.json"
    if not settings.is_file():
        raise UsageError(
            f"{place} holds neither config.json nor adapter_config.json; name a model's or adapter's folder."
        )
    base = Path(json.loads(settings.read_text(encoding="utf-8")).get("base_model_name_or_path") or "")
    for found in (base, place / base):
        if (found / "config.json").is_file():
            return found
    raise UsageError(f"{settings} names the base model {base}, which is no model folder here; correct the path in it.")


def _load_weights(folder: Path, dtype: Dtype, device: str) -> Any:
    wanted = "float32" if dtype == "auto" and device == "cpu" else dtype
    loader: Any = AutoModelForCausalLM  # its types leave the loading report out
    try:
        model, report = loader.from_pretrained(
            folder, dtype=wanted, attn_implementation="sdpa", local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UsageError(f"The model in {folder} can't be loaded: {error}") from error
    if missing := sorted(report["missing_keys"]):
        # transformers only warns, and fills them with random numbers.
        raise UsageError(
            f"The model in {folder} lacks {len(missing)} of its weights, such as {missing[0]}; save it anew."
        )
    return model.to(torch.device(device))


def _merge_adapter(model: Any, folder: Path) -> Any:
    try:
        from peft import PeftModel  # type: ignore[import-not-found,unused-ignore]  # not a dependency
    except ImportError:
        raise UsageError(
            f"{folder} is a LoRA adapter, and the package peft that merges it is not installed; pip install peft, "
            "or serve it with --engine vllm."
        ) from None
    return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
