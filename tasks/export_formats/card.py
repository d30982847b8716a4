"""The card of an export: how the tool loads it, what is in it, and what is not."""

from collections.abc import Mapping, Sequence

import yaml

from schemas.export import WHY_NOT_CARRIED, ExportFormat, ExportSource, LeftOutRows
from tasks.export_formats.formats import FORMATS

_OFFLINE = """\
> **Written by the embedded offline teacher, not by an LLM.** This data set is for trying the line; do not train a model
> for release on it."""


def write_format_card(
    export_format: ExportFormat, source: ExportSource, splits: Mapping[str, int], left_out: Sequence[LeftOutRows]
) -> str:
    """The whole card.

    Args:
        export_format: the form.
        source: what was exported.
        splits: rows written, by split.
        left_out: rows that were not.
    """
    files = [{"split": split, "path": f"{split}.jsonl"} for split in splits]
    front = {
        "pretty_name": f"{source.name} for {export_format}",
        "license": "other",
        "license_name": "terms-of-the-source-documents",
        "tags": ["function-calling", "tool-use"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    counts = [f"- {split}: {rows}" for split, rows in splits.items()]
    sections = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---",
        f"# {source.name} for {export_format}",
        f"{sum(splits.values())} conversations with functions, written by `callmill export --format {export_format}`"
        f" from {source.name}{f' (job `{source.job_id}`)' if source.job_id else ''}; that data set's own card says how"
        " they were made and checked, and whose terms hold.",
        *([_OFFLINE] if source.is_offline else []),
        f"## Load it\n\n{FORMATS[export_format].loading}",
        "## Rows\n\n" + "\n".join(counts),
        "## Left out\n\n" + _left_out(left_out),
    ]
    return "\n\n".join(sections) + "\n"


def _left_out(left_out: Sequence[LeftOutRows]) -> str:
    if not left_out:
        return "Nothing: every row of the source is here."
    lines = [f"- {one.reason}: {one.rows} ({WHY_NOT_CARRIED[one.reason]})" for one in left_out]
    return "\n".join([*lines, "", "`manifest.json` names every one of them."])
