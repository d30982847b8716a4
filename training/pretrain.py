"""Pre-training of a small model: token rows in, weights out.

The learning rate warms up, stays, and cools down at the end (WSD), so that any checkpoint can become a model by a
short cool-down. Loss is taken at the learnt tokens only; only their logits are made.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

from schemas.record import Record
from training.blocked_attention import blocked_on_cpu
from training.row_batches import Place, ReadRows, TokenRow, draw_batches

CHECKPOINT = "checkpoint.pt"
_LOG_EVERY_STEPS = 20
_TIME_TO_SAVE_S = 30.0
_IGNORED = -1
_WIDTH_STEP, _PLACES_STEP = 64, 512
"""Shapes come again and again: a CPU's kernels are made once for each, and kept."""
_STEPS_TO_START = 5
"""Slower than all others, since torch is loading and allocating; they tell nothing about the speed."""


class PretrainPlan(Record):
    """How to pre-train; with the rows, all that the weights depend on, unless a time limit cuts it short."""

    tokens: int
    """Rows' tokens in all, cool-down included."""
    cooldown_tokens: int
    """The last of them, while the learning rate falls to zero."""
    warmup_tokens: int = 100_000
    """The first of them, while it rises."""
    learning_rate: float = 5e-3
    optimizer: Literal["muon", "adamw"] = "muon"
    """muon: the hidden matrices' steps are made orthogonal; embeddings, norms and biases have AdamW in any case."""
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    """Gradients are cut to this norm."""
    batch_tokens: int = 7_000
    """Of one step, padding included."""
    is_compiled: bool = False
    """Compile the layers by torch.compile: a minute at the start, then faster; needs a C++ compiler."""
    bf16: bool = True
    """Matrix products in bfloat16, on CPU and GPU; weights stay in float32."""
    seed: int = 0
    """Of the batches' order; rows and first weights have their own."""


class Progress(NamedTuple):
    """Where a training stands, for its log."""

    step: int
    tokens: int
    loss: float
    """Mean over the steps since the last report, in nats per learnt token."""
    learning_rate: float
    tokens_per_s: float

    def __str__(self) -> str:
        return (
            f"step {self.step} tokens {self.tokens} loss {self.loss:.4f} "
            f"rate {self.learning_rate:.2e} {self.tokens_per_s:.0f} tokens/s"
        )


def pretrain(
    model: Any,
    read_rows: ReadRows,
    plan: PretrainPlan,
    *,
    folder: Path,
    report: Callable[[Progress], None],
    time_limit_s: float | None = None,
    checkpoint_every_s: float = 300.0,
) -> Progress:
    """Train in place, going on from the folder's checkpoint where there is one.

    Args:
        model: a causal language model of transformers.
        folder: gets the checkpoint.
        report: gets a line now and then.
        time_limit_s: the cool-down starts in time to be done by then, whatever the plan says.
        checkpoint_every_s: seconds between checkpoints; one more is written at the end.
    """
    training = _Training(model, plan, folder)
    if plan.is_compiled:
        for layer in model.model.layers:
            layer.compile(dynamic=True)
    started = measured_from = saved = time.monotonic()
    first_tokens = training.tokens
    ends_with_rows: Iterator[Any] = draw_batches(read_rows, plan.batch_tokens, plan.seed, training.place)
    with blocked_on_cpu(model):
        for done, (batch, following) in enumerate(ends_with_rows, 1):
            if training.tokens >= training.end:
                break
            training.step(batch, following)
            now = time.monotonic()
            if done == _STEPS_TO_START:
                first_tokens, measured_from = training.tokens, now
            speed = (training.tokens - first_tokens) / max(now - measured_from, 1e-9)
            if time_limit_s is not None and done > 2 * _STEPS_TO_START:
                training.cool_down_in_time(time_limit_s - (now - started) - _TIME_TO_SAVE_S, speed)
            if training.steps % _LOG_EVERY_STEPS == 0:
                report(training.progress(speed))
            if now - saved > checkpoint_every_s:
                training.save()
                saved = now
    training.save()
    last = training.progress((training.tokens - first_tokens) / max(time.monotonic() - measured_from, 1e-9))
    report(last)
    return last


class _Training:
    """Model, optimizers and place, as a checkpoint keeps them."""

    def __init__(self, model: Any, plan: PretrainPlan, folder: Path) -> None:
        import torch

        self._torch, self._model, self._plan, self._folder = torch, model, plan, folder
        self._optimizers = _make_optimizers(model, plan)
        self.place, self.tokens, self.steps, self.end = Place(), 0, 0, plan.tokens
        self._losses: list[float] = []
        if (folder / CHECKPOINT).exists():
            self._load()

    def step(self, batch: list[TokenRow], following: Place) -> None:
        """Learn one batch."""
        torch, model = self._torch, self._model
        ids, targets = _stack(batch, model.device)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate()
        places = _places_learnt(targets)
        with torch.autocast(model.device.type, dtype=torch.bfloat16) if self._plan.bf16 else nullcontext():
            hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
            logits = model.lm_head(hidden.flatten(0, 1)[places])
        loss = torch.nn.functional.cross_entropy(logits.float(), targets.flatten()[places], ignore_index=_IGNORED)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), self._plan.gradient_norm)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.steps += 1
        self.tokens += sum(len(row.ids) for row in batch)
        self.place = following
        self._losses.append(loss.item())

    def learning_rate(self) -> float:
        """Up, level, down."""
        plan = self._plan
        up = (self.tokens + 1) / max(plan.warmup_tokens, 1)
        down = (self.end - self.tokens) / max(plan.cooldown_tokens, 1)
        return plan.learning_rate * max(0.0, min(1.0, up, down))

    def cool_down_in_time(self, left_s: float, speed: float) -> None:
        """Bring the end nearer if there is just time enough for the cool-down, and nearer still if that gets slow."""
        reachable = int(max(0.0, left_s) * speed)
        if reachable <= self._plan.cooldown_tokens:
            self.end = min(self.end, self.tokens + reachable)

    def progress(self, tokens_per_s: float) -> Progress:
        """Where it stands; starts a new mean of losses."""
        losses, self._losses = self._losses or [float("nan")], []
        return Progress(self.steps, self.tokens, sum(losses) / len(losses), self.learning_rate(), tokens_per_s)

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self._model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "place": tuple(self.place),
            "tokens": self.tokens,
            "steps": self.steps,
            "end": None if self.end == self._plan.tokens else self.end,
        }
        partial = self._folder / f"{CHECKPOINT}.tmp"
        self._torch.save(state, partial)
        partial.rename(self._folder / CHECKPOINT)

    def _load(self) -> None:
        state = self._torch.load(self._folder / CHECKPOINT, weights_only=True)
        self._model.load_state_dict(state["model"])
        for optimizer, kept in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.place, self.tokens, self.steps = Place(*state["place"]), state["tokens"], state["steps"]
        self.end = min(self._plan.tokens, state["end"] or self._plan.tokens)


def _make_optimizers(model: Any, plan: PretrainPlan) -> list[Any]:
    import torch

    matrices = [each for name, each in model.named_parameters() if each.ndim == 2 and "embed" not in name]
    kept = {id(each) for each in matrices} if plan.optimizer == "muon" else set()
    others = [each for each in model.parameters() if id(each) not in kept]
    decayed = [each for each in others if each.ndim == 2]
    plain = [each for each in others if each.ndim != 2]
    adamw = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=plan.learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    if plan.optimizer == "adamw":
        return [adamw]
    # With AdamW's size of step both can share one learning rate.
    muon = torch.optim.Muon(
        matrices, lr=plan.learning_rate, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    return [adamw, muon]


def _stack(batch: list[TokenRow], device: Any) -> tuple[Any, Any]:
    """Ids, and the id to be predicted at each place; -1 where none is."""
    import torch

    width = _round_up(max(len(row.ids) for row in batch), _WIDTH_STEP)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    targets = torch.full((len(batch), width), _IGNORED)
    for number, row in enumerate(batch):
        length = len(row.ids)
        ids[number, :length] = torch.tensor(row.ids)
        following = torch.tensor(row.ids[1:])
        targets[number, : length - 1] = torch.where(torch.tensor(row.learnt[1:]), following, _IGNORED)
    return ids.to(device), targets.to(device)


def _places_learnt(targets: Any) -> Any:
    """Where something is to be predicted, and some places where nothing is, up to a round number."""
    import torch

    flat = targets.flatten()
    learnt, others = (flat != _IGNORED).nonzero()[:, 0], (flat == _IGNORED).nonzero()[:, 0]
    missing = _round_up(len(learnt), _PLACES_STEP) - len(learnt)
    return torch.cat([learnt, others[:missing]])


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step
