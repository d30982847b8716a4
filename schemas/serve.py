"""What is served, where, and what came of putting it there."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.record import Record

EngineName = Literal["embedded", "vllm"]
BackendChoice = Literal["xgrammar", "llguidance", "lm-format-enforcer", "none"]
"""Which library makes token masks; none: there are no masks, and the model writes what it likes."""
ServerPhase = Literal["starting", "ready", "swapping", "restarting", "stopping"]


class ServeOptions(Record):
    """One model and the way to serve it; what only vLLM knows is ignored by the embedded engine."""

    model: str
    """Folder or name of the model; a LoRA adapter's folder is served over the base model that it names."""
    engine: EngineName = "embedded"
    """embedded: transformers in this process; vllm: vLLM's server beside it."""
    served_name: str | None = None
    """What answers call the model; its folder's name when empty."""
    call_format: str = "hermes"
    """How calls are spelled: hermes, special-tokens or qwen-agent."""
    backend: BackendChoice = "xgrammar"
    """Makes token masks; none: calls may be illegal, and go out as the model wrote them."""
    lora: tuple[str, ...] = ()
    """More adapters for those who talk to vLLM's own port, each name=folder."""
    tensor_parallel: int | None = Field(None, ge=1)
    """GPUs that share the model."""
    max_model_len: int | None = Field(None, ge=1)
    """Most tokens of prompt and answer together; the model's own when empty."""
    quantization: str | None = None
    """As vLLM names it, such as fp8 or awq."""
    dtype: str | None = None
    """float32, bfloat16 or float16."""
    gpu_memory_utilization: float | None = Field(None, gt=0, le=1)
    """Share of a GPU's memory; under 0.5 where a swap must fit the new model beside the old one."""
    vllm_port: int | None = Field(None, ge=1, le=65535)
    """Port of vLLM's own server, on loopback; any free one when empty."""
    extra: tuple[str, ...] = ()
    """More arguments of vLLM's server, as they are."""


class SmokeCall(Record):
    """What a model answered before it took over: a legal call, or whatever it liked where nothing holds it to one."""

    name: str | None
    """The function; none: no call was made."""
    arguments: str | None
    """JSON text, valid for the function's schema where the call is legal."""
    is_legal: bool = True
    """False is known of models without token masks alone; others do not take over."""
    words: str | None = None
    """The beginning of what was said in the place of a call."""
    seconds: float

    @property
    def summary(self) -> str:
        """In one line, for a person."""
        if self.is_legal:
            return f"{self.name}({self.arguments}) is legal"
        said = f"no call but {self.words!r}" if self.name is None else f"illegal {self.name}({self.arguments})"
        return f"{said}, and no token masks to forbid it"


class ServeReport(Record):
    """A model that answers now."""

    name: str
    """Of the server, such as production."""
    url: str
    """OpenAI-compatible address, ending in /v1."""
    model: str
    engine: EngineName
    seconds_to_ready: float
    """From the order to the moment the model took over."""
    previous_model: str | None
    """What it took over from; none: the server was started."""
    smoke: SmokeCall
    pid: int
    log: str


class SwapOrder(Record):
    """Have a running server take another model."""

    options: ServeOptions
    limits: dict[str, str]
    """Fingerprint of each limit of the one who orders, by its CALLMILL_SERVE_… variable; they can't change now."""


class ServerState(Record):
    """A named server, as its state file tells."""

    name: str
    pid: int
    started: str
    """The process's start time, so that a later one with the same pid is not mistaken for it."""
    phase: ServerPhase
    url: str
    """OpenAI-compatible address, ending in /v1; empty while it does not listen yet."""
    admin_url: str
    """Where orders go, on loopback; empty while it does not listen yet."""
    token: str
    """Asked of orders; the file can be read by its owner alone."""
    options: ServeOptions
    """The model that answers, or the one being started."""
    since: datetime
    """Since when it is in this phase."""
    served: str = ""
    """What answers call the model; empty while none answers."""
    detail: str = ""
    """Which model is being started for a swap, or what went wrong last, maybe with the log's last lines."""
    report: ServeReport | None = None
    """Of the model that took over last."""
    log: str = ""
