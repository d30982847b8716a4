"""The model card: README.md of a trained model's folder, from its report alone."""

from pathlib import Path

import yaml

from schemas.training_report import StageReport, TrainingReport

_METHODS = {
    "sft-lora": "supervised, LoRA",
    "sft-full": "supervised, every weight",
    "dpo": "direct preference optimization",
}


def write_card(report: TrainingReport, folder: Path) -> None:
    """Write README.md."""
    (folder / "README.md").write_text(make_card(report, folder.name), encoding="utf-8")


def make_card(report: TrainingReport, name: str) -> str:
    """The card's text."""
    config = report.config
    head = yaml.safe_dump(
        {
            "base_model": config.base_model,
            "library_name": "peft" if config.has_adapter else "transformers",
            "pipeline_tag": "text-generation",
            "tags": ["function-calling", "callmill"],
        },
        sort_keys=False,
    )
    parts = [
        f"---\n{head}---",
        f"# {name}",
        f"{config.base_model}, trained by callmill to call functions ({_METHODS[config.method]}; calls in the form "
        f"`{config.call_format}`). Serve it with `callmill serve {report.model_path} --call-format "
        f"{config.call_format}`.",
        _write_table(report),
        "## Data",
        "\n".join(_write_stage(stage) for stage in report.stages),
        "Loss counts on the assistant's turns only, the token that ends them included. Rows above "
        f"{config.max_tokens} tokens were left out, never cut.",
        "## Made by",
        f"```\n{report.command}\n```",
        f"Data `{report.data_sha256[:16]}`, config `{report.config_sha256[:16]}`, base `{report.base_sha256[:16]}`, "
        f"seed {config.seed}; "
        + ", ".join(f"{package} {version}" for package, version in report.packages.items())
        + ". Every step's loss and every knob: `training.json`.",
        "## Limits",
        "What it learnt is what its data hold; their card says where they come from and under which terms. The terms "
        "of the base model go on to hold. It has not been evaluated by this page.",
    ]
    return "\n\n".join(parts) + "\n"


def _write_table(report: TrainingReport) -> str:
    lines = [
        ("trained parameters", f"{report.trained_parameters:,} of {report.parameters:,}"),
        ("device", report.device),
        ("time", f"{report.wall_seconds:.0f} s, {report.train_seconds:.0f} s of it in steps"),
        ("speed", f"{report.tokens_per_second:,.0f} tokens/s"),
        ("peak memory", f"{report.peak_memory_bytes / 2**30:.2f} GiB"),
    ]
    if report.perplexity_before is not None and report.perplexity_after is not None:
        lines.append(("perplexity on chat", f"{report.perplexity_before:.2f} → {report.perplexity_after:.2f}"))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in lines)])


def _write_stage(stage: StageReport) -> str:
    losses = f"loss {stage.losses[0].loss:.3f} → {stage.losses[-1].loss:.3f}" if stage.losses else "no step"
    early = ", stopped early" if stage.stopped_early else ""
    lines = [f"- stage `{stage.name}`: {stage.sequences} sequences, {stage.steps} steps, {losses}{early}"]
    for source in stage.sources:
        left = [
            f"{count} {words}"
            for count, words in (
                (source.too_long, "too long"),
                (source.without_answer, "without an answer"),
                (source.left_for_shares, "not needed for the mixture"),
                (source.validation, "kept apart for validation"),
            )
            if count
        ]
        lines.append(
            f"  - `{source.path}`: {source.used} of {source.rows} rows, {source.tokens:,} tokens, "
            f"{source.trained_tokens:,} of them learnt" + (f" ({', '.join(left)})" if left else "")
        )
    return "\n".join(lines)
