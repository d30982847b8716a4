"""What is asked of a training run: one knob a field, with a sentence on its effect. Its YAML has the same keys."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.record import Record

Method = Literal["sft-lora", "sft-full", "dpo"]
TrainedFormat = Literal["hermes", "special-tokens", "qwen-agent"]
Weights = Literal["float32", "bfloat16", "4bit"]
Schedule = Literal["constant", "linear", "cosine"]
TooLong = Literal["leave_out", "refuse"]
Hardware = Literal["laptop", "rtx-4090", "a100-80g", "h200"]
Attention = Literal["auto", "sdpa", "eager", "flash_attention_2", "blocked"]

Share = Annotated[float, Field(gt=0, le=1)]
Text = Annotated[str, StringConstraints(min_length=1)]


class DataSource(Record):
    """Rows to learn from."""

    path: Text
    """Parquet file, or a folder of them (an export's); columns `messages` and `tools` as JSON text, for DPO `prompt`,
    `chosen`, `rejected` and `tools`."""
    share: Share | None = None
    """Of the stage's rows; no row is used twice, so the scarcest source bounds the rest. None: every row."""


class Stage(Record):
    """A stretch of training with its own mixture; the next one goes on from its weights."""

    name: Text
    """For the report, such as `chat` or `calls`."""
    data: tuple[DataSource, ...] = Field(min_length=1)
    """Mixed in the given shares, in an order drawn from the seed."""
    epochs: float = Field(1.0, gt=0)
    """How often each row is seen."""
    steps: int | None = Field(None, ge=1)
    """Optimizer steps, instead of epochs."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the run's."""

    @model_validator(mode="after")
    def _shares_are_whole(self) -> "Stage":
        shares = [each.share for each in self.data]
        known = [share for share in shares if share is not None]
        if known and (len(known) < len(shares) or abs(sum(known) - 1) > 0.001):
            raise ValueError(
                f"the shares of stage '{self.name}' are {shares}; give every source one, 1 in sum, or none"
            )
        return self


class NewToken(Record):
    """A token that the tokenizer gains."""

    text: Text
    """How it is spelled; the tokenizer finds the longest first."""
    mean_of: tuple[str, ...] = ()
    """Texts; its embedding starts as the mean of their tokens' embeddings. Empty: of its own spelling's."""
    is_special: bool = False
    """Special ones are left out of answers when they are decoded: right for ends of turns, wrong for marks of calls."""


class LoraOptions(Record):
    """A low-rank adapter."""

    r: int = Field(16, ge=1)
    """Rank: more learns more and takes more memory."""
    alpha: int = Field(32, ge=1)
    """Its output is scaled by alpha / r."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Share of its inputs left out while training."""
    targets: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    """Names of the layers that get one."""


class TrainConfig(Record):
    """One training run."""

    base_model: Text
    """Folder or hub name of the model to start from; an adapter's folder is merged into its base first."""
    output: Text
    """Folder of the trained model; complete once its training.json is there."""
    method: Method = "sft-lora"
    """sft-lora trains an adapter, sft-full every weight; dpo prefers answers, by an adapter if `lora` is given."""
    data: tuple[DataSource, ...] = ()
    """What to learn from, in one stage."""
    stages: tuple[Stage, ...] = ()
    """Several stages, instead of `data`: chat first, say, then chat mixed with calls."""

    call_format: TrainedFormat = "hermes"
    """How calls are spelled; the model is served with the same."""
    chat_template: str | None = None
    """Jinja file. None: the base model's own where it has one and the format is hermes, else ours for the format."""
    end_of_turn: str | None = None
    """Token that ends an answer; base models often name another one. None: the tokenizer's own end."""
    new_tokens: tuple[NewToken, ...] = ()
    """Added to the tokenizer; always trained, under LoRA too."""
    trained_tokens: tuple[str, ...] = ()
    """Tokens of the base whose embeddings LoRA trains too: a base model has never seen its chat marks."""

    lora: LoraOptions | None = None
    """The adapter; None: defaults for sft-lora, no adapter for dpo."""
    merge: bool = False
    """Whether to write OUTPUT/merged too, the adapter inside the base: for servers that take no adapters."""

    learning_rate: float = Field(2e-4, gt=0)
    """Highest of the schedule. LoRA: 1e-4 to 3e-4, full: 1e-5, dpo: 5e-6 and below."""
    schedule: Schedule = "cosine"
    """How the rate falls after the warm-up."""
    warmup_share: float = Field(0.03, ge=0, lt=1)
    """Of the steps, over which the rate rises."""
    weight_decay: float = Field(0.0, ge=0)
    """Pulls weights towards 0; AdamW's."""
    max_gradient_norm: float = Field(1.0, gt=0)
    """Larger gradients are scaled down to it."""
    beta: float = Field(0.1, gt=0)
    """DPO: how much moving away from the start costs."""

    epochs: float = Field(1.0, gt=0)
    """How often each row is seen; stages have their own."""
    steps: int | None = Field(None, ge=1)
    """Optimizer steps, instead of epochs."""
    batch_rows: int = Field(4, ge=1)
    """Rows (packs, if packed) a device computes at once."""
    accumulate: int = Field(1, ge=1)
    """Such batches per optimizer step."""
    max_tokens: int = Field(4096, ge=8)
    """Of a row, and of a pack."""
    too_long: TooLong = "leave_out"
    """Rows above max_tokens: left out and counted, or the run is refused. They are never cut."""
    packing: bool = False
    """Whether to join rows up to max_tokens; they can't see each other."""
    group_by_length: bool = False
    """Whether a batch's rows are of like length, for less padding."""

    weights: Weights = "float32"
    """How the base is held in memory; 4bit (QLoRA) needs a GPU and bitsandbytes."""
    bf16: bool = False
    """Whether to compute in bfloat16."""
    gradient_checkpointing: bool = False
    """Whether to compute activations twice instead of keeping them."""
    attention: Attention = "auto"
    """auto: flash_attention_2 where a GPU has it, else sdpa. blocked: faster for a small model's SFT on a CPU."""
    use_gpu: bool = True
    """Whether to use a GPU if there is one."""
    threads: int | None = Field(None, ge=1)
    """That torch computes with on a CPU; results depend on it in their last bits. None: all."""
    seed: int = 0
    """Of the order of rows, the adapter's start and dropout."""

    validation_share: float = Field(0.0, ge=0, lt=1)
    """Of every stage's rows, kept apart to measure the loss."""
    evaluate_every: int = Field(50, ge=1)
    """Steps between such measurements."""
    early_stop: int | None = Field(None, ge=1)
    """End after so many measurements without a better one, and keep the best weights."""
    checkpoint_every: int = Field(50, ge=1)
    """Steps between checkpoints, which `--resume` goes on from; with early_stop, those of evaluate_every count."""
    checkpoints_kept: int = Field(2, ge=1)
    """The newest ones."""
    keep_checkpoints: bool = False
    """Whether they stay when the run has ended."""
    chat_check: str | None = None
    """Parquet of held-out chat; its perplexity before and after goes into the report."""
    chat_check_rows: int = Field(200, ge=1)
    """Most rows of it."""

    hardware: Hardware = "laptop"
    """What `--dry-run` estimates for."""
    devices: int = Field(1, ge=1)
    """How many of them."""

    @model_validator(mode="after")
    def _fits_together(self) -> "TrainConfig":
        problems = [text for is_wrong, text in self._find_clashes() if is_wrong]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _find_clashes(self) -> list[tuple[bool, str]]:
        is_dpo = self.method == "dpo"
        return [
            (bool(self.data) == bool(self.stages), "give either data or stages"),
            (is_dpo and bool(self.stages), "dpo has one stage; give data"),
            (is_dpo and self.packing, "dpo can't pack rows; set packing: false"),
            (self.method == "sft-full" and self.lora is not None, "sft-full has no adapter; leave lora out"),
            (self.merge and not self.has_adapter, "there is no adapter to merge; leave merge out"),
            (self.attention == "blocked" and (is_dpo or self.packing), "blocked attention wants sft, packing: false"),
            (self.weights == "4bit" and not self.has_adapter, "4bit weights can't be trained; use sft-lora"),
            (self.early_stop is not None and not self.validation_share, "early_stop needs a validation_share"),
            (len({each.name for each in self.stages}) < len(self.stages), "two stages have the same name"),
        ]

    @property
    def has_adapter(self) -> bool:
        """Whether an adapter is trained and the base stays as it is."""
        return self.method == "sft-lora" or (self.method == "dpo" and self.lora is not None)

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """The stages; `data` is one by itself."""
        if self.stages:
            return self.stages
        return (Stage(name="all", data=self.data, epochs=self.epochs, steps=self.steps),)
