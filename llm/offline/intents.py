"""From a function's name and description to what a person wants with it.

"Returns a list of the schools for a district." becomes the verb return and the object "a list of the schools for a
district"; `cancelOrder` the verb cancel and the object "the order".
"""

import re

from llm.offline.names import HTTP_VERBS, read_name
from llm.offline.subjects import Intent, add_article, find_keys
from llm.offline.words import (
    CHINESE,
    KANA,
    Verb,
    chinese_deeds,
    find_chinese_verb,
    find_verb,
    is_chinese,
    split_name,
    stem,
    stop_words,
    word_set,
)

_MARKUP = re.compile(
    r"<[^>]*>|!?\[([^\]]*)\]\([^)]*\)|https?://\S+|\([^)]*\)|（[^）]*）|\([^)]*$|[`*_#|~]+|\{[^}]*\}|\[[^\]]*\]"
)
_SENTENCES = re.compile(r"(?<=[a-z0-9)\]][.!?])\s+|\n+|\s+[-–—]\s+|[。；！？]+|(?<=[\u4e00-\u9fff])\.(?:\s|$)")
_LEAD_IN = re.compile(
    r"^(?:(?:this|the|an?)\s+)?(?:api\s+)?"
    r"(?:endpoint|api|method|operation|call|function|resource|route|service|request)?"
    r"\s*(?:(?:is|can be)\s+used\s+to"
    r"|(?:allows?|enables?|lets?)\s+(?:you|users?|clients?|the user|developers)?\s*(?:to)?"
    r"|will|used to|use this \w+ to|permanently|immediately|under development|deprecated|\[deprecated\])[\s:-]+",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"[,;:]|\.(?:\s|$)|\s(?:that|which|who|based on|so that|so|in order|using|with the (?:given|specified)|given"
    r"|if|when|where|whose|specified|identified|matching|as well|as specified|via|including|depending"
    r"|along with|by (?:its|their|the|his|id)"
    r"|and (?:returns?|gets?|sends?|redirects?|injects?|optionally)|e\.g|i\.e"
    r"|optionally|i|you|must|without|after|until)\b",
    re.IGNORECASE,
)
_YOURS = re.compile(r"\b(?:your|the (?:current|calling|authenticated|logged[ -]in)(?: user)?'s)\b", re.IGNORECASE)
_MAX_WORDS = 11
_RELATIVE = re.compile(r"\s(?:that|which|who|when)$", re.IGNORECASE)
_CLAUSE = re.compile(r"\s(?:that|which|who|when)\s", re.IGNORECASE)
_FORMAL = re.compile(
    r"match|specif|given|provided|request|criteri|\byou|\buse[ds]?\b|\bcan\b|\bmay\b|\bwill\b|\breturn|\b(?:call|query|ids?)\b"
    r"|[^\w\s'-]",
    re.IGNORECASE,
)
"""What clauses say that are about the interface and not about the things."""
_PLAIN_ADJECTIVES = re.compile(
    r"\b(?:specific|specified|given|existing|particular|single|certain|individual)\s+(?=\w)", re.I
)


def read_intents(name: str, description: str, parameters: frozenset[str] = frozenset()) -> tuple[Intent, ...]:
    """The ways a person would put it, best first; English and Chinese ones apart by their `language`.

    Args:
        parameters: stems of the names of the function's parameters.
    """
    found: list[Intent] = []
    for number, sentence in enumerate(_split_sentences(description)[:2]):
        intent = (
            _read_chinese(sentence) if is_chinese(sentence) else _read_english(sentence, name, number == 0, parameters)
        )
        if intent and not (found and found[0].language == intent.language and intent.verb.deed != found[0].verb.deed):
            found.append(intent)
    if not any(intent.language == "en" for intent in found):
        found.append(read_name(name))
    return tuple(dict.fromkeys(found))


def _split_sentences(description: str) -> list[str]:
    plain = _MARKUP.sub(lambda match: match.group(1) or " ", description.replace("&amp;", "and").replace('"', ""))
    return [" ".join(part.split()).strip(" .:-–") for part in _SENTENCES.split(plain) if part.strip(" .:-–")]


def _read_chinese(sentence: str) -> Intent | None:
    clause = re.split(r"[，,：:]|支持|用于", sentence)[0].strip() or sentence
    clause = re.sub(r"^(?:根据|按照?|通过|对|使用).{1,16}?(?=获取|查询|更新|修改|删除|创建|执行|搜索)", "", clause)
    clause = re.sub(r"^(?:该接口|本接口|此接口|接口|用来|可以|可|用户)", "", clause)
    clause = re.sub(r"(?:指定的?|某个|特定的?|给定的?|当前)", "", clause).strip()
    if len(clause) < 2 or len(clause) > 30 or re.search(r"[?=&{}<>]", clause):
        return None
    if clause[0] in "把将为给向在从对":
        deeds = sorted(chinese_deeds(clause) - {"read"})
        return Intent(Verb("", deeds[0] if deeds else "办理"), clause, find_keys(clause) or frozenset({clause}), "zh")
    verb = find_chinese_verb(clause)
    rest = clause[len(verb.base) :].strip() if verb else clause
    if verb and (not rest or rest[0] in "/或和并及与"):
        rest, verb = clause, Verb("", verb.deed)
    return Intent(verb or Verb("", "read"), rest, find_keys(rest) or find_keys(clause) or frozenset({clause}), "zh")


def _read_english(sentence: str, name: str, may_be_noun: bool, parameters: frozenset[str]) -> Intent | None:
    if KANA.search(sentence) or CHINESE.search(sentence):
        return None
    clause = _LEAD_IN.sub("", sentence).strip()
    clause = _YOURS.sub("my", clause)
    words = clause.split()
    if len(words) < 2 or split_name(clause) == split_name(name) or _is_http_method(words[0]):
        return None
    if words[0].lower().endswith("ly") and len(words) > 2 and find_verb(words[1]):
        words = words[1:]
    verb, head = find_verb(words[0]), words[1:]
    if (
        verb is None
        and words[1].lower() in word_set("determiners") | {"up", "out"}
        and words[0].isalpha()
        and words[0].lower() not in word_set("dangling")
    ):
        base = words[0].lower().removesuffix("s")
        verb = Verb(base, base)
    if verb and head[0].lower() in ("up", "out") and len(head) > 1:
        verb, head = _join_particle(verb, head[0].lower()), head[1:]
    if verb is None:
        head, verb = words, read_name(name).verb
        if verb.deed != "read" or not may_be_noun:
            return None
    phrase = _shorten(" ".join(head), parameters)
    return _make_english(verb, phrase) if phrase else None


def _is_http_method(word: str) -> bool:
    """Whether a description only repeats the request line: "POST /orders"; "Put groceries on the list" does not."""
    bare = word.strip(":")
    return bare.lower() in HTTP_VERBS and (bare.isupper() or bare.lower() in ("head", "options"))


def _join_particle(verb: Verb, particle: str) -> Verb:
    """`find` and `out` are one verb, which another one may replace only as a whole."""
    base = f"{verb.base} {particle}"
    return Verb(base, "create" if base == "set up" else verb.deed)


def _shorten(phrase: str, parameters: frozenset[str]) -> str | None:
    if re.search(r",[^.]*(?:,| or | and )", phrase.split(". ")[0]):
        return None  # an enumeration can't be cut without changing what is asked
    phrase = _drop_second_deed(phrase)
    match = _BOUNDARY.search(phrase)
    while match and match.start() < 4:
        match = _BOUNDARY.search(phrase, match.end())
    if match and _RELATIVE.match(match.group()):
        following = _BOUNDARY.search(phrase, match.end())
        end = following.start() if following else len(phrase)
        if _tells_apart(phrase[match.start() : end], parameters) and len(phrase[:end].split()) <= _MAX_WORDS:
            return phrase[:end].strip()
    words = (phrase[: match.start()] if match else phrase).split()
    if len(words) > _MAX_WORDS:
        cuts = [
            index
            for index, word in enumerate(words[:_MAX_WORDS])
            if index > 1 and word in ("for", "in", "of", "to", "from", "on", "and")
        ]
        words = words[: cuts[-1]] if cuts else []
    while words and words[-1].lower() in word_set("dangling") and words[0].lower() not in word_set("question_words"):
        words.pop()
    if not words or not any(len(word) > 2 and word.lower() not in stop_words() for word in words):
        return None
    return " ".join(words)


def _drop_second_deed(phrase: str) -> str:
    """Of "the light on or off or dim it" keep "the light on or off"."""
    match = re.search(r"\s(?:or|and) (\w+) (?:it|them)\b.*$", phrase)
    return phrase[: match.start()] if match and match.start() > 4 and find_verb(match.group(1)) else phrase


def _tells_apart(clause: str, parameters: frozenset[str]) -> bool:
    """Whether a relative clause says which things are meant ("that nobody has paid") and is not about parameters."""
    words = clause.split()
    if not 3 <= len(words) <= 9 or _FORMAL.search(clause):
        return False
    is_state = words[0] in ("that", "who") and words[1] in ("is", "are", "has")
    return is_state or len(find_keys(clause) - parameters) >= 2


def _make_english(verb: Verb, phrase: str) -> Intent | None:
    if re.search(r"[\"<>{}=\\/|]|'(?!s\b)(?!\s)|\s'", phrase):
        return None
    phrase = _PLAIN_ADJECTIVES.sub("", _lower_titles(phrase))
    phrase = re.sub(r"\ban (?=[^aeioAEIO])", "a ", phrase)
    first = phrase.split()[0]
    if first in ("list", "details", "information", "info") and phrase.startswith(f"{first} of"):
        phrase = f"the {phrase}"
    keys = find_keys(phrase) or frozenset({stem(verb.base)})
    core = find_keys(_CLAUSE.split(phrase)[0]) or keys
    return Intent(verb, add_article(phrase, verb), keys, "en", core)


def _lower_titles(phrase: str) -> str:
    words = phrase.split()
    titled = [word for word in words if word[:1].isupper() and word[1:].islower()]
    if titled and (len(titled) * 2 >= len([word for word in words if len(word) > 3]) or titled == words[:1]):
        words = [word.lower() if word in titled else word for word in words]
    return " ".join(words)
