"""Preferences: the margin between chosen and rejected answers grows, from a base, an adapter or with new tokens."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.example_rows import write_calls, write_preferences
from tests.training.runs import TOKENS, run


def test_preferences_widen_the_margin(tiny_model: Path, tmp_path: Path) -> None:
    data = write_preferences(tmp_path / "pairs.parquet", 4)
    knobs: dict[str, Any] = {"method": "dpo", "steps": 8, "batch_rows": 2, "learning_rate": 5e-3}
    report = run(tiny_model, tmp_path / "adapter", data, lora={"r": 4}, **knobs)
    margins = [each.margin or 0.0 for each in report.stages[0].losses]
    assert margins[0] == pytest.approx(0, abs=1e-5)
    assert margins[-1] > 0.5


@pytest.mark.slow
def test_the_reference_has_the_new_tokens_too(tiny_model: Path, tmp_path: Path) -> None:
    """TRL would load it from the base's folder again, without them."""
    data = write_preferences(tmp_path / "pairs.parquet", 8)
    knobs: dict[str, Any] = {"method": "dpo", "steps": 12, "batch_rows": 4, "learning_rate": 1e-3}
    full = run(tiny_model, tmp_path / "full", data, call_format="special-tokens", new_tokens=TOKENS, **knobs)
    margins = [each.margin or 0.0 for each in full.stages[0].losses]
    assert margins[0] == pytest.approx(0, abs=1e-5)
    assert margins[-1] > 0.5


@pytest.mark.slow
def test_preferences_go_on_from_an_adapter(tiny_model: Path, tmp_path: Path) -> None:
    """SFT, then DPO on its folder: the adapter is merged, and the new one has that for its base."""
    calls = write_calls(tmp_path / "calls.parquet", 4)
    run(tiny_model, tmp_path / "sft", calls, steps=3)
    pairs = write_preferences(tmp_path / "pairs.parquet", 4)
    run(tmp_path / "sft", tmp_path / "dpo", pairs, method="dpo", lora={"r": 4}, steps=2, learning_rate=1e-3)
    assert (tmp_path / "dpo" / "base" / "config.json").is_file()
    from serving.embedded.load import load_model

    assert load_model(tmp_path / "dpo").context_length > 0
