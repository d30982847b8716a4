"""Names, descriptions and languages of functions, made fit for a tool."""

import html
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from schemas.function import Language

MAX_NAME = 64
MAX_DESCRIPTION = 1000

_TAGS = (
    "a|abbr|b|big|blockquote|body|br|center|code|dd|del|details|div|dl|dt|em|font|h[1-6]|hr|html|i|img|ins|kbd|li|ol|p|"
    "pre|s|samp|section|small|span|strike|strong|style|sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul|var"
)
_MARKUP = (
    (re.compile(r"<!--.*?-->", re.DOTALL), " "),
    (re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE), " "),
    (re.compile(r"!\[[^\]]*\]\([^()\s]*\)"), " "),
    (re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)"), r"\1"),
    (re.compile(r"^\s*```[\w-]*\s*$", re.MULTILINE), " "),
    (re.compile(r"^\s*#{1,6}\s+", re.MULTILINE), ""),
    (re.compile(r"^[\s|:-]*\|[\s|:-]*$", re.MULTILINE), ""),
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"`+([^`\n]+)`+"), r"\1"),
)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？；]")
_WORD = re.compile(r"(?:[A-Z]+(?![a-z])|[A-Z]?[a-z]+)[0-9]*|[0-9]+")
_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_ZH_SHARE = 0.15  # of the letters; Chinese descriptions are full of English names of fields
_KANA_SHARE = 0.1  # of the letters; Japanese text has half of it

Script = Literal["zh", "ja", "other"]


def clean_name(text: Any) -> str | None:
    """Make it match ^[A-Za-z0-9_-]{1,64}$; None where no letter is left."""
    name = str(text)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        name = re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_-]+", "_", name)).strip("_-")
    name = name[:MAX_NAME]
    return name if re.search(r"[A-Za-z]", name) else None


def name_from_path(method: str, path: str) -> str | None:
    """`GET /pets/{petId}` → get_pets_by_petId; None for a path without Latin letters or digits."""
    words = re.findall(r"[A-Za-z0-9_-]+", re.sub(r"\{([^{}]*)\}", r" by_\1 ", path))
    if path.strip("/") == "":
        words = ["root"]
    return clean_name("_".join([method.lower(), *words])) if words else None


def split_words(name: str) -> list[str]:
    """`listAllPets_v2` → list, all, pets, v2."""
    return [word.lower() for word in _WORD.findall(name)]


def describe_name(name: str) -> str:
    """`list_petsById` → List pets by id."""
    return " ".join(split_words(name)).capitalize() + "."


def join_descriptions(summary: str, description: str) -> str:
    """Summary and description as one text, nothing said twice."""
    if not summary or summary.rstrip(".。 ").lower() in description.lower():
        return description
    if not description or description.rstrip(".。 ").lower() in summary.lower():
        return summary
    if summary[-1] in ".!?。！？:：":
        return f"{summary} {description}"
    return summary + ("。" if _IDEOGRAPH.match(summary[-1]) else ". ") + description


def clean_description(text: Any) -> str:
    """One line without HTML tags and markdown's marks."""
    if not isinstance(text, str):
        return ""
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return " ".join(html.unescape(text).split())


def shorten(text: str, limit: int = MAX_DESCRIPTION) -> str:
    """Cut at the end of a sentence where one ends in the second half, else at a word."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text[: limit + 1]) if limit // 2 < match.end() <= limit]
    if ends:
        return text[: ends[-1]]
    head = text[: limit - 1]
    return head[: max(head.rfind(" "), limit // 2)].rstrip() + "…"


def script_of(texts: Iterable[str]) -> Script:
    """Whether texts are Chinese, Japanese or neither, by the share of their letters."""
    text = " ".join(texts)
    letters = len(_LETTER.findall(text))
    if len(_KANA.findall(text)) > _KANA_SHARE * letters:
        return "ja"
    return "zh" if len(_IDEOGRAPH.findall(text)) > _ZH_SHARE * letters else "other"


def language_of(description: str, is_made_up: bool, document: Script) -> Language:
    """A function's language: its description's; where that was made up from its name, the document's.

    A Japanese document has descriptions that consist of Chinese characters alone; they are not Chinese.
    """
    script = document if is_made_up or document == "ja" else script_of([description])
    return "zh" if script == "zh" else "en"


def slug(text: Any) -> str:
    """a-z, 0-9 and _ only, accents taken off; may be empty."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", str(text)) if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9]+", "_", bare.lower()).strip("_")[:60].rstrip("_")


def file_slug(path: Path) -> str:
    """`shop_orders.swagger2.json` → shop_orders."""
    return slug(path.name.split(".")[0]) or "document"
