"""One pass of the model over rows of a RowCache: the next token of each, or a piece of their prompts."""

from collections.abc import Sequence
from typing import Any

import torch

from serving.embedded.cache import CacheShape, RowCache, Window


class Forward:
    """A decoder-only model with ordinary attention, checked by `load.check_supported`."""

    def __init__(self, model: Any) -> None:
        config = model.config
        heads = config.num_attention_heads
        self.model = model
        self.device: torch.device = model.device
        self.shape = CacheShape(
            layers=config.num_hidden_layers,
            heads=getattr(config, "num_key_value_heads", None) or heads,
            head_width=getattr(config, "head_dim", None) or config.hidden_size // heads,
            dtype=model.dtype,
            device=self.device,
        )

    def decode(self, cache: RowCache, tokens: Sequence[int], lengths: Sequence[int]) -> torch.Tensor:
        """Go on by one token in each of the first rows.

        Args:
            tokens: one per row.
            lengths: tokens that each row already holds.

        Returns:
            logits_N_V, float32
        """
        positions = torch.tensor(lengths, device=self.device)
        cache.window = Window(
            rows=len(tokens),
            length=max(lengths) + 1,
            into_rows=torch.arange(len(tokens), device=self.device),
            into_positions=positions,
            from_rows=None,
            from_tokens=None,
        )
        ids = torch.tensor(tokens, device=self.device)[:, None]
        return self._run(cache, ids, positions[:, None], None)

    def prefill(self, cache: RowCache, pieces: Sequence[Sequence[int]], starts: Sequence[int]) -> torch.Tensor:
        """Read a piece of prompt in each of the first rows, none of them empty.

        Args:
            pieces: tokens, one list per row.
            starts: tokens that each row already holds.

        Returns:
            logits_N_V after the last token of each piece, float32
        """
        width = max(map(len, pieces))
        ids = torch.tensor([[*piece, *[0] * (width - len(piece))] for piece in pieces], device=self.device)
        sizes = torch.tensor([len(piece) for piece in pieces], device=self.device)[:, None]
        steps = torch.arange(width, device=self.device)[None]
        positions = torch.tensor(starts, device=self.device)[:, None] + steps
        is_real = steps < sizes
        from_rows, from_tokens = is_real.nonzero(as_tuple=True)
        cache.window = Window(
            rows=len(pieces),
            length=max(start + len(piece) for start, piece in zip(starts, pieces, strict=True)),
            into_rows=from_rows,
            into_positions=positions[is_real],
            from_rows=from_rows,
            from_tokens=from_tokens,
        )
        return self._run(cache, ids, positions, sizes - 1)

    def _run(
        self, cache: RowCache, ids: torch.Tensor, positions: torch.Tensor, keep: torch.Tensor | None
    ) -> torch.Tensor:
        assert cache.window is not None  # noqa: S101  set by both callers
        places = torch.arange(cache.window.length, device=self.device)
        mask = places[None, None, None] <= positions[:, None, :, None]
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1 if keep is None else keep,
        )
        logits: torch.Tensor = output.logits[:, -1].float()
        return logits
