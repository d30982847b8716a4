"""A run's folder: the same for the same seed, loaded by PEFT and transformers, never written over."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from schemas.errors import CallmillError
from schemas.training_report import TrainingReport
from tests.training.example_rows import user, words, write_calls, write_chat, write_rows
from tests.training.runs import have_same_weights, read_losses, read_weights, run

Rows = list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]


class Lora(NamedTuple):
    """A finished run, for several tests to look at."""

    folder: Path
    data: Path
    report: TrainingReport


@pytest.fixture(scope="module")
def lora(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Lora:
    """Three steps of an adapter."""
    place = tmp_path_factory.mktemp("lora")
    data = write_calls(place / "rows" / "rows.parquet", 12)
    chat = write_chat(place / "chat.parquet", 4)
    report = run(tiny_model, place / "model", data, steps=3, chat_check=str(chat))
    return Lora(place / "model", data, report)


def load(base: Path, adapter: Path) -> Any:
    """As anyone would."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)


def test_the_report_says_what_was_done(lora: Lora) -> None:
    report = lora.report
    (stage,) = report.stages
    (source,) = stage.sources
    assert [each.step for each in stage.losses] == [1, 2, 3]
    assert (source.rows, source.used, source.too_long) == (12, 12, 0)
    assert 0 < source.trained_tokens < source.tokens
    assert report.packages["trl"]
    assert report.peak_memory_bytes > 0
    assert report.tokens_per_second > 0
    assert report.trained_parameters < report.parameters
    assert report.perplexity_before != report.perplexity_after
    assert TrainingReport.model_validate_json((lora.folder / "training.json").read_text()) == report
    card = (lora.folder / "README.md").read_text()
    assert f"base_model: {report.config.base_model}" in card
    assert "12 of 12 rows" in card
    assert not (lora.folder / "checkpoints").exists()


def test_the_adapter_loads_over_its_base_and_changes_it(lora: Lora, tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    model = load(tiny_model, lora.folder)
    ids = torch.tensor([AutoTokenizer.from_pretrained(lora.folder).encode("Weather in Rome?")])
    with torch.no_grad():
        tuned = model(ids).logits
        with model.disable_adapter():
            assert not torch.allclose(tuned, model(ids).logits)


def test_the_same_seed_gives_the_same_losses_and_weights(lora: Lora, tiny_model: Path, tmp_path: Path) -> None:
    again = run(tiny_model, tmp_path / "again", lora.data, steps=3)
    assert read_losses(again) == read_losses(lora.report)
    assert have_same_weights(tmp_path / "again", lora.folder)


def test_another_seed_gives_others(lora: Lora, tiny_model: Path, tmp_path: Path) -> None:
    other = run(tiny_model, tmp_path / "other", lora.data, steps=3, seed=1)
    assert read_losses(other) != read_losses(lora.report)


def test_a_full_model_loads_by_itself_and_is_the_same_for_the_same_seed(
    lora: Lora, tiny_model: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    for name in ("first", "second"):
        run(tiny_model, tmp_path / name, lora.data, steps=2, method="sft-full", learning_rate=1e-3)
    assert have_same_weights(tmp_path / "first", tmp_path / "second")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "first")
    assert "<|im_end|>" in AutoTokenizer.from_pretrained(tmp_path / "first").chat_template
    base = read_weights(tiny_model)
    assert not torch.equal(model.model.embed_tokens.weight, base["model.embed_tokens.weight"])


def test_a_finished_folder_is_not_written_over(lora: Lora, tiny_model: Path) -> None:
    with pytest.raises(CallmillError, match="holds a trained model; add --resume"):
        run(tiny_model, lora.folder, lora.data, steps=3)


def test_resuming_a_finished_run_reads_it(lora: Lora, tiny_model: Path) -> None:
    chat = lora.data.parent.parent / "chat.parquet"
    assert run(tiny_model, lora.folder, lora.data, steps=3, chat_check=str(chat), resume=True) == lora.report
    with pytest.raises(CallmillError, match="holds another run"):
        run(tiny_model, lora.folder, lora.data, steps=4, chat_check=str(chat), resume=True)


def test_a_strangers_folder_is_left_alone(lora: Lora, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(CallmillError, match="is not empty and holds no run of ours"):
        run(tiny_model, tmp_path, lora.data)


def test_missing_bases_are_named(lora: Lora, tmp_path: Path) -> None:
    with pytest.raises(CallmillError, match="There is no base model at"):
        run(tmp_path / "nowhere", tmp_path / "out", lora.data)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CallmillError, match=r"holds no config\.json"):
        run(tmp_path / "empty", tmp_path / "out", lora.data)


def test_a_base_without_a_tokenizer_is_named(lora: Lora, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(tiny_model / name, tmp_path / "base")
    with pytest.raises(CallmillError, match="holds no tokenizer"):
        run(tmp_path / "base", tmp_path / "out", lora.data)


def test_rows_that_do_not_fit_are_counted_or_refused(tiny_model: Path, tmp_path: Path) -> None:
    rows: Rows = [([user("a " * 400), words("b")], []), ([user("a"), words("b")], []), ([user("unanswered")], [])]
    data = write_rows(tmp_path / "rows.parquet", rows)
    report = run(tiny_model, tmp_path / "model", data, steps=1, max_tokens=64)
    (source,) = report.stages[0].sources
    assert (source.rows, source.used, source.too_long, source.without_answer) == (3, 1, 1, 1)
    assert source.longest_tokens > 64
    assert "1 too long" in (tmp_path / "model" / "README.md").read_text()
    with pytest.raises(CallmillError, match="has 1 rows above max_tokens 64"):
        run(tiny_model, tmp_path / "other", data, max_tokens=64, too_long="refuse")
    with pytest.raises(CallmillError, match="has no row to learn from"):
        run(tiny_model, tmp_path / "third", data, max_tokens=8)
