"""The data card of a data set: README.md with the YAML front matter that Hugging Face `datasets` reads.

It names no run and no moment (the manifest does), so that the same data set has the same card whoever made it.
"""

from collections.abc import Iterable, Mapping

import yaml

from schemas.dataset import DatasetFacts

_SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
_LARGER = "n>1M"

_OFFLINE = """\
> **Written by the embedded offline teacher, not by an LLM.** Its sentences come from a grammar, with a share of planted
> mistakes, and its judge is a program too. This data set is for trying the line; do not train a model for release
> on it."""

_COLUMNS = """\
## Columns

`<split>.jsonl` holds one JSON object a line; `data/<split>-*.parquet` holds the same rows with nested values as JSON
text.

| column | meaning |
|---|---|
| `sample_id` | name of the row; `callmill sql lineage --param sample_id=…` shows what made it |
| `kind` | simple, multiple, parallel, parallel_multiple or irrelevance |
| `language` | of the request: en or zh |
| `domain` | of the first function |
| `messages` | OpenAI chat messages; the last is the assistant's answer (`arguments` is JSON text, as in OpenAI's API) |
| `tools` | OpenAI tools, in the order offered |
| `calls` | Parquet only: the same calls as `[{"name": …, "arguments": {…}}]`; empty for irrelevance |

```python
import json
from datasets import load_dataset

rows = load_dataset("path/to/this/folder", split="train")
messages, tools = json.loads(rows[0]["messages"]), json.loads(rows[0]["tools"])
```"""

_LIMITS = """\
## Known limits

- One turn only: no question back, no result of a call, no dialogue.
- No call was executed; calls are checked against the functions' schemas, not against a running API.
- Requests were written and judged by machine; no person has read all of them.
- Exact duplicates were removed (same kind, request and calls); near duplicates were not looked for.
- Contamination with BFCL or SGD was not checked.
- The judge's false-pass and false-fail rates were not measured for this data set.
- Functions are split into train, validation and test by name and shape; functions that differ in both may still do the
  same thing."""


_IMPORTED_HOW = """\
## How it was made

The rows are those of an imported data set: others wrote the requests and the answers (`{writer}`), callmill read them
and checked them as it checks its own. Names and schemas of functions were repaired or rejected; every call was checked
against its function's JSON schema; exact duplicates were rejected; functions of another split were taken out of the
offer. A row ends with the first answer that calls; what was said before stands before it, what came after is left out.
The reasons under *Rejected* are BFCL's words where it has them."""

_IMPORTED_LIMITS = """\
## Known limits

- No judge has read these rows: whether an argument's value follows from the request was not checked.
- A row without a call is counted as irrelevance, whether its answer refuses, asks back or just talks.
- No call was executed.
- Exact duplicates were removed (same kind, request and calls); near duplicates were not looked for.
- Contamination with BFCL or SGD was not checked.
- Functions are split into train, validation and test by name and shape; functions that differ in both may still do the
  same thing."""


def write_card(facts: DatasetFacts, counts: Mapping[str, Mapping[str, int]]) -> str:
    """The whole card.

    Args:
        facts: what the rows don't say.
        counts: rows by value, for kind, language, domain and split.
    """
    rows = sum(counts["split"].values())
    sections = [
        f"---\n{_front_matter(facts, counts, rows)}---",
        f"# {facts.name}",
        f"{rows} requests to an assistant with the functions offered to it and the calls that fulfil them"
        f" (or, for irrelevance, why it can't), {_origin(facts)}.",
        *([_OFFLINE] if facts.is_offline else []),
        _COLUMNS,
        _counts(facts, counts),
        _IMPORTED_HOW.format(writer=facts.teacher_model) if facts.is_imported else _how_made(facts),
        _rejected(facts),
        _IMPORTED_LIMITS if facts.is_imported else _LIMITS,
        _terms(facts),
        f"## Again\n\n```\n{facts.command}\n```\n\nThe same command on the same documents gives the same job"
        f" (`{facts.job_id}`) and, from stored answers, the same rows. `manifest.json` names the run, its settings"
        " and the hash of every file.",
    ]
    return "\n\n".join(sections) + "\n"


def _origin(facts: DatasetFacts) -> str:
    if facts.is_imported:
        return f"imported by callmill from {facts.documents[0].document_path}"
    return f"made by callmill from {len(facts.documents)} API documents"


def _front_matter(facts: DatasetFacts, counts: Mapping[str, Mapping[str, int]], rows: int) -> str:
    size = next((name for limit, name in _SIZES if rows < limit), _LARGER)
    # The JSON Lines hold the same rows; named here they would be loaded a second time.
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in counts["split"]]
    return yaml.safe_dump(
        {
            "pretty_name": facts.name,
            "license": "other",
            "license_name": "terms-of-the-source-documents",
            "language": sorted(counts["language"]),
            "size_categories": [size],
            "task_categories": ["text-generation"],
            "tags": ["function-calling", "tool-use", *([] if facts.is_imported else ["synthetic"])],
            "configs": [{"config_name": "default", "data_files": files}],
        },
        sort_keys=False,
        allow_unicode=True,
    )


def _counts(facts: DatasetFacts, counts: Mapping[str, Mapping[str, int]]) -> str:
    kinds = [(kind, asked, counts["kind"].get(kind, 0)) for kind, asked in facts.asked.items()]
    wanted = "in the set" if facts.is_imported else "asked for"
    return "\n\n".join(
        [
            "## Counts",
            _table(("kind", wanted, "accepted"), kinds),
            _table(("language", "rows"), counts["language"].items()),
            _table(("domain", "rows"), counts["domain"].items()),
        ]
    )


def _how_made(facts: DatasetFacts) -> str:
    prompts = _table(("prompt", "hash"), sorted(facts.prompts.items()))
    return f"""\
## How it was made

Teacher `{facts.teacher_model}`, judge `{facts.judge_model}`, {facts.judge_draws} independent judge answers per sample.

For each function the teacher wrote requests and the calls that fulfil them; these were composed into the kinds under
*Counts*. Every call was checked against its function's JSON schema, exact duplicates were rejected, and the judge read
every sample: the names, the arguments, where the values come from, whether the request is solved, and whether another
offered function would have served. At least two of its answers had to be readable, and more had to pass than fail. Of
those that passed, the first of each kind, in the order of planning, are here.

{prompts}"""


def _rejected(facts: DatasetFacts) -> str:
    rows = [(one.thing, one.stage, one.reason, one.things) for one in facts.rejected]
    return "## Rejected\n\n" + (_table(("what", "stage", "reason", "how many"), rows) if rows else "Nothing.")


def _terms(facts: DatasetFacts) -> str:
    rows = [(one.document_path, one.format, one.terms or "not known") for one in facts.documents]
    return (
        "## Source documents and their terms\n\nThe tools are taken from these documents. Where their terms are not"
        " known, checking them before passing this data set on is up to you.\n\n"
        + _table(("document", "format", "terms"), rows)
    )


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = tuple(header)
    lines = [head, ("---",) * len(head), *(tuple(row) for row in rows)]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())
