"""Starts a model by either engine: vLLM's server beside us, or transformers in this process."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

from schemas.errors import TerminalError, UsageError
from schemas.serve import ServeOptions
from serving.call_formats.format import Template
from serving.call_formats.open import open_call_format
from serving.swap import Served
from serving.vllm.engine import open_vllm_engine
from serving.vllm.launch import PROJECT_ROOT, Progress, VllmOptions, VllmProcess, start_vllm

log = logging.getLogger("callmill")

PARSER_PLUGIN = PROJECT_ROOT / "serving" / "vllm" / "qwen_agent_parser.py"
_LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM's --max-lora-rank takes."""


class VllmInstance:
    """vLLM's server and our engine over it."""

    def __init__(self, process: VllmProcess, served: Served) -> None:
        self.process = process
        self.served = served

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process.is_running

    async def stop(self) -> None:
        """End the process."""
        await self.served.engine.close()
        await self.process.stop()


class EmbeddedInstance:
    """A model in this process."""

    is_running = True

    def __init__(self, served: Served) -> None:
        self.served = served

    async def stop(self) -> None:
        """Free the model."""
        await self.served.engine.close()


async def start_instance(
    options: ServeOptions, log_file: Path, progress: Progress | None = None, api_key: str | None = None
) -> VllmInstance | EmbeddedInstance:
    """Start a model and wait until it answers.

    Raises:
        TerminalError: it can't be started; says why.
    """
    if options.engine == "embedded":
        return await _start_embedded(options)
    return await _start_vllm(options, log_file, progress, api_key)


async def _start_embedded(options: ServeOptions) -> EmbeddedInstance:
    from serving.embedded.load import Dtype
    from serving.embedded.open import EmbeddedOptions, open_embedded

    named: Any = options.dtype or "auto"
    dtype: Dtype = named
    backend = None if options.backend == "none" else options.backend
    chosen = EmbeddedOptions(
        name=options.served_name, backend=backend, dtype=dtype, context_length=options.max_model_len
    )
    opened = await asyncio.to_thread(open_embedded, Path(options.model), chosen)
    return EmbeddedInstance(Served(opened.engine, opened.loaded.tokenizer))


async def _start_vllm(
    options: ServeOptions, log_file: Path, progress: Progress | None, api_key: str | None
) -> VllmInstance:
    vllm_options = describe_vllm(options, api_key)
    template = await asyncio.to_thread(load_template, options.model, vllm_options.model)
    process = await asyncio.to_thread(start_vllm, vllm_options, log_file)
    try:
        await process.wait_until_ready(progress)
        is_constrained = vllm_options.backend != "none"
        engine = await open_vllm_engine(process.url, _answering(vllm_options), api_key, is_constrained)
    except BaseException:
        await process.stop()
        raise
    return VllmInstance(process, Served(engine, template))


def describe_vllm(options: ServeOptions, api_key: str | None = None) -> VllmOptions:
    """What vLLM is started with: the model, or the base model with the adapter that the folder holds."""
    folder = Path(options.model)
    name = options.served_name or folder.resolve().name
    extra = options.extra
    model, lora = options.model, options.lora
    adapter = folder / "adapter_config.json"
    if adapter.is_file() and not (folder / "config.json").is_file():
        settings = json.loads(adapter.read_text())
        model = str(settings["base_model_name_or_path"])
        if not Path(model).is_absolute() and (folder / model).is_dir():
            model = str((folder / model).resolve())
        lora = (f"{name}={folder.resolve()}", *lora)
        rank = next((each for each in _LORA_RANKS if each >= int(settings.get("r", 16))), _LORA_RANKS[-1])
        extra = (*(() if "--max-lora-rank" in extra else ("--max-lora-rank", str(rank))), *extra)
        name = f"{name}-base"
    call_format = open_call_format(options.call_format)
    return VllmOptions(
        model=model,
        served_name=name,
        lora=lora,
        tensor_parallel=options.tensor_parallel,
        max_model_len=options.max_model_len,
        quantization=options.quantization,
        dtype=options.dtype,
        gpu_memory_utilization=options.gpu_memory_utilization,
        tool_parser=call_format.vllm_parser,
        tool_parser_plugin=PARSER_PLUGIN if options.call_format == "qwen-agent" else None,
        api_key=api_key,
        port=options.vllm_port,
        backend=options.backend,
        extra=extra,
    )


def _answering(options: VllmOptions) -> str:
    """The name that vLLM is asked for: the adapter where the served folder is one."""
    base = options.served_name
    first = options.lora[0].partition("=")[0] if options.lora else ""
    return first if base == f"{first}-base" else base


def load_template(model: str, base: str) -> Template:
    """The tokenizer that renders chats.

    Raises:
        TerminalError: the model has none here, or transformers is missing.
    """
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise TerminalError("Chat templates need transformers; run `pip install 'callmill[serve]'`.") from None
    folder = Path(model)
    place = model if not folder.is_dir() or (folder / "tokenizer_config.json").is_file() else base
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(place)
    except (OSError, ValueError) as error:
        raise UsageError(f"There is no model with a tokenizer in {model}: {str(error).splitlines()[0]}") from error
    template: Template = tokenizer
    return template
