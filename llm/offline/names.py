"""Intents from names alone: `cancelOrder` is to cancel the order, `post_v2_droplets` to create droplets."""

from llm.offline.subjects import Intent, add_article, find_keys
from llm.offline.words import Verb, find_verb, nouns_too, split_name, stem, word_set

HTTP_VERBS = {"post": "create", "put": "update", "patch": "update", "head": "check", "options": "check"}
_LAST_VERBS = {
    "read": "get", "index": "list", "show": "get", "retrieve": "get", "destroy": "delete", "update": "update",
    "create": "create", "delete": "delete", "list": "list", "get": "get", "query": "query", "search": "search",
}  # fmt: skip


def read_name(name: str) -> Intent:
    """The intent that a function's name alone tells."""
    words = [word for word in split_name(name) if not word.isdigit()]
    kept = [word for word in words if word not in word_set("name_noise")] or words or ["request"]
    verb, rest = _name_verb(kept)
    unique = [word for index, word in enumerate(rest) if stem(word) not in {stem(later) for later in rest[index + 1 :]}]
    phrase = " ".join(unique[-5:]) or "information"
    keys = find_keys(phrase) or frozenset({stem(word) for word in words} or {stem(verb.base)})
    is_plural_read = verb.deed == "read" and phrase.endswith("s")
    return Intent(verb, f"the {phrase}" if is_plural_read else add_article(phrase, verb), keys, "en")


def _name_verb(words: list[str]) -> tuple[Verb, list[str]]:
    first = find_verb(HTTP_VERBS.get(words[0], words[0]))
    is_http = words[0] in ("get", "post", "put", "patch", "delete")
    if first and not is_http and len(words) > 1:
        return first, words[1:]
    for index in range(len(words) - 1, 0, -1):
        word = _LAST_VERBS.get(words[index], words[index]) if index == len(words) - 1 else words[index]
        verb = find_verb(word)
        if (
            verb
            and len(words) > 2 - (first is None)
            and (verb.base not in nouns_too() or (index == len(words) - 1 and word in _LAST_VERBS and first is None))
        ):
            rest = words[1 if is_http else 0 : index] + words[index + 1 :]
            if rest:
                return verb, rest
    if first and len(words) > 1:
        return first, words[1:]
    if first and first.deed not in ("read", "create", "update", "delete"):
        return first, ["it"]
    return Verb("get", "read"), words
