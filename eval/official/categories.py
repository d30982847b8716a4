"""BFCL v4's categories: how many cases each has, which can run here, and what a person may write for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from schemas.errors import UsageError
from schemas.evaluation import Mode
from schemas.record import Record

Category = Literal[
    "simple_python",
    "simple_java",
    "simple_javascript",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
    "live_relevance",
    "multi_turn_base",
    "multi_turn_miss_func",
    "multi_turn_miss_param",
    "multi_turn_long_context",
    "web_search_base",
    "web_search_no_snippet",
    "memory_kv",
    "memory_vector",
    "memory_rec_sum",
    "format_sensitivity",
]
CATEGORIES: tuple[Category, ...] = get_args(Category)
SINGLE_TURN = CATEGORIES[:13]

CASES: dict[Category, int] = {
    "simple_python": 400,
    "simple_java": 100,
    "simple_javascript": 50,
    "multiple": 200,
    "parallel": 200,
    "parallel_multiple": 200,
    "irrelevance": 240,
    "live_simple": 258,
    "live_multiple": 1053,
    "live_parallel": 16,
    "live_parallel_multiple": 24,
    "live_irrelevance": 884,
    "live_relevance": 16,
    "multi_turn_base": 200,
    "multi_turn_miss_func": 200,
    "multi_turn_miss_param": 200,
    "multi_turn_long_context": 200,
    "web_search_base": 100,
    "web_search_no_snippet": 100,
    "memory_kv": 155,
    "memory_vector": 155,
    "memory_rec_sum": 155,
    "format_sensitivity": 5200,
}
"""Cases of bfcl-eval 2026.3.23; memory asks 37 conversations more beforehand, that nobody scores."""

GROUPS: dict[str, tuple[Category, ...]] = {
    "all": CATEGORIES,
    "single_turn": SINGLE_TURN,
    "non_live": CATEGORIES[:7],
    "live": CATEGORIES[7:13],
    "relevance": ("irrelevance", "live_irrelevance", "live_relevance"),
    "multi_turn": CATEGORIES[13:17],
    "agentic": CATEGORIES[17:22],
    "web_search": CATEGORIES[17:19],
    "memory": CATEGORIES[19:22],
}
"""What one word selects, as in BFCL's own command; `irrelevance` there is a category, so the group is `relevance`."""

SEARCH_KEY = "SERPAPI_API_KEY"
_EMBEDDING_MODEL = "models--sentence-transformers--all-MiniLM-L6-v2"


class Facilities(NamedTuple):
    """What some categories need besides the endpoint."""

    has_search_key: bool = False
    has_embedding_model: bool = False


class LeftOut(Record):
    """A category of a selected group that cannot run here."""

    category: Category
    reason: str


class Selection(Record):
    """What is to run."""

    categories: tuple[Category, ...]
    """In BFCL's order, each once."""
    left_out: tuple[LeftOut, ...] = ()


def find_facilities(values: Mapping[str, str]) -> Facilities:
    """See what is here.

    Args:
        values: the environment's variables.
    """
    home = Path(values.get("HF_HOME") or Path(values.get("HOME", "~")).expanduser() / ".cache" / "huggingface")
    models = Path(values.get("HF_HUB_CACHE") or home / "hub")
    has_model = any((models / _EMBEDDING_MODEL / "snapshots").glob("*/config.json"))
    return Facilities(has_search_key=bool(values.get(SEARCH_KEY)), has_embedding_model=has_model)


def parse_categories(text: str, mode: Mode, facilities: Facilities = Facilities()) -> Selection:
    """Read names of categories and groups, separated by commas.

    Args:
        text: such as "all", "non_live,live_simple". A group stands for those of it that can run here.
        mode: format_sensitivity has prompt mode only.
        facilities: what is here for web search and vector memory.

    Raises:
        UsageError: a name is unknown, or what was named cannot run here.
    """
    chosen: set[Category] = set()
    left_out: dict[Category, str] = {}
    words = [word for word in (each.strip() for each in text.split(",")) if word]
    for word in words or [text]:
        members = _members(word)
        reasons = {each: reason for each in members if (reason := _why_not(each, mode, facilities))}
        if len(reasons) == len(members):
            raise UsageError(f"BFCL category {word} cannot run here: {next(iter(reasons.values()))}")
        left_out |= reasons
        chosen |= set(members) - set(reasons)
    return Selection(
        categories=tuple(each for each in CATEGORIES if each in chosen),
        left_out=tuple(LeftOut(category=each, reason=left_out[each]) for each in CATEGORIES if each in left_out),
    )


def _members(word: str) -> tuple[Category, ...]:
    for category in CATEGORIES:
        if word == category:
            return (category,)
    if word not in GROUPS:
        raise UsageError(
            f"Unknown BFCL category '{word}'; expected names separated by commas of the groups {', '.join(GROUPS)}"
            f" or the categories {', '.join(CATEGORIES)}."
        )
    return GROUPS[word]


def _why_not(category: Category, mode: Mode, facilities: Facilities) -> str | None:
    if category in GROUPS["web_search"] and not facilities.has_search_key:
        return f"it searches the web through SerpAPI; set {SEARCH_KEY} to a key, on a machine with network access."
    if category == "memory_vector" and not facilities.has_embedding_model:
        return (
            "it needs the sentence-transformers model all-MiniLM-L6-v2 in Hugging Face's cache; load it there once,"
            " or choose memory_kv and memory_rec_sum, which need nothing."
        )
    if category == "format_sensitivity" and mode == "fc":
        return "it varies the prompt that asks for calls, so it has prompt mode only; run it with --mode prompt."
    return None
