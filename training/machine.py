"""What a run ran on: packages, device, peak memory."""

import resource
import sys
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "datasets",
    "tokenizers",
    "bitsandbytes",
    "flash-attn",
)


def list_packages() -> dict[str, str]:
    """Versions of what trains, as far as it is installed."""
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"python": sys.version.split()[0], **found}


def name_device(use_gpu: bool) -> str:
    """The GPU's name, or the CPU and its threads."""
    import torch

    if use_gpu and torch.cuda.is_available():
        return f"{torch.cuda.device_count()} × {torch.cuda.get_device_name()}"
    return f"cpu, {torch.get_num_threads()} threads"


def measure_peak_memory(use_gpu: bool) -> int:
    """Bytes, of the GPU where one is used, else of this process."""
    import torch

    if use_gpu and torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
