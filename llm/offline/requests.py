"""A request in a user's words: what is wanted, then its values, in the manner that a style asks for."""

import random
import re
from typing import Any

from llm.offline.alternatives import choose_alternative
from llm.offline.documents import FunctionDocument
from llm.offline.leaves import Leaf
from llm.offline.phrases import CLOSE, OPEN, say_detail, say_inline, say_leaf_value, say_pair, strip_marks
from llm.offline.subjects import Intent
from llm.offline.words import CHINESE, load_data, word_set

_MARKED = re.compile(f"({OPEN}[^{CLOSE}]*{CLOSE})")
_GOES_ON = re.compile(r"(?:in|for|from|to|on|at|until|about|matching|starting|without|up|limited|showing)\b")
_IS_PROPER = re.compile(r"(?:the )?[A-Z\u4e00-\u9fff]")
_LONG_REQUEST = 4
_WITHOUT_ARTICLE = frozenset(
    ["email", "url", "domain", "username", "language_code", "date", "datetime", "time", "month", "department"]
)


class RequestWriter:
    """Writes one request; keeps what its sentences share."""

    def __init__(self, language: str, style: str, rng: random.Random) -> None:
        self._language = language
        self._rng = rng
        self._frames: dict[str, Any] = load_data("frames")[language]
        entry = next((one for one in self._frames["styles"] if one["when"] in style), None)
        self._entry: dict[str, Any] = entry or {"frames": self._frames["plain"]}
        self._is_spoken = "voice" in style
        self._is_own_deed = False

    def write(self, intent: Intent, leaves: list[Leaf]) -> str:
        """The whole request."""
        frame = self._rng.choice(self._entry["frames"])
        leaves = [leaf for leaf in leaves if leaf.value is not None]
        said_any = bool(leaves)
        intent, leaves = choose_alternative(intent, leaves, self._language)
        first, leaves = self._say_first(frame, leaves)
        self._is_own_deed = bool(re.search(r"(?:like|need|want|able|possible|going) to \{do\}|Let's \{do\}", frame))
        wanted, leaves = (self._say_wanted_zh if self._language == "zh" else self._say_wanted)(intent, leaves)
        short = self._say_short(intent, wanted)
        most_inline = (
            0 if self._language == "zh" and re.search(r"\{do\}(?:吗|？|吧|！)", frame) else self._rng.choice((1, 2, 3))
        )
        if len(leaves) <= 2 and most_inline:
            most_inline = self._rng.choice((2, 2, 2, 1))
        inline, rest = leaves[:most_inline], leaves[most_inline:]
        joined = self._join_inline(inline)
        details = self._say_details(rest) if said_any or "{reason}" in frame else self._say_background()
        do, short = wanted + joined, short + joined
        text = self._fill(frame, do, short, first, details)
        return strip_marks(self._polish(self._frame_off(text, frame)))

    def _say_first(self, frame: str, leaves: list[Leaf]) -> tuple[str, list[Leaf]]:
        if "{first}" not in frame or not leaves:
            return "", leaves
        said = say_pair(leaves[0], self._language, self._rng, self._is_spoken)
        said = said if self._language == "zh" else said[:1].upper() + said[1:]
        return said + ("。" if self._language == "zh" else ". "), leaves[1:]

    def _say_wanted(self, intent: Intent, leaves: list[Leaf]) -> tuple[str, list[Leaf]]:
        base, phrase = intent.verb.base, intent.object
        if intent.language == "zh":
            return f"{base}{phrase}", leaves
        left = []
        for leaf in leaves:
            filled = self._fill_slot(phrase, leaf)
            if filled is None:
                left.append(leaf)
            else:
                phrase = filled
        return f"{self._choose_verb(base, intent.verb.deed, phrase)} {phrase}", left

    def _choose_verb(self, base: str, deed: str, phrase: str) -> str:
        if deed == "read" and re.match(r"(?:which|what|when|where|how|why|who|whether|if)\b", phrase):
            return str(self._rng.choice(("find out", "check", "look up", *(() if self._is_own_deed else ("tell me",)))))
        if deed == "read":
            starts_oddly = re.match(r"(?:for|whether|if|on|at|to|into|in|how|up)\b", phrase)
            if starts_oddly and base in word_set("keep_verbs"):
                return base
            options = [verb for verb in self._frames["read_verbs"] if not (self._is_own_deed and verb.endswith(" me"))]
            if base in word_set("keep_verbs") and base not in ("look", "see"):
                options += [base] * 3
            return str(self._rng.choice(options))
        options = [base] if deed not in ("delete",) else [base, *self._frames["delete_verbs"]]
        return str(self._rng.choice(options))

    def _fill_slot(self, phrase: str, leaf: Leaf) -> str | None:
        """Put a value where the phrase names its parameter: "in a city" becomes "in Lisbon"."""
        if leaf.depth or isinstance(leaf.value, list | bool) or leaf.meaning in ("word", "query"):
            return None
        words = leaf.label_en.lower().split()
        is_key = words[-1] in word_set("slot_tails") and not (words[-1] == "name" and _IS_PROPER.match(str(leaf.value)))
        head = [word for word in words if word not in word_set("slot_tails")]
        if not head or len(head) > 2 or head[-1] in word_set("prepositions"):
            return None
        heads = "|".join(re.escape(one) for one in dict.fromkeys((" ".join(head), head[-1])))
        match = re.search(
            rf"\b(?:an?|the|this|one|some|another) (?:\w+ )?(?:{heads})(?! of\b)(?=$|[ ,]|'s\b)", phrase, re.IGNORECASE
        )
        value = say_leaf_value(leaf, "en", self._rng, self._is_spoken)
        if match is None or '"' in value or "says" in phrase:
            return None
        before = phrase[: match.start()]
        if is_key:
            said = re.sub(r"^(?:an?|this|one|some) ", "", match.group(), flags=re.IGNORECASE)
            after = re.sub(r"^ (?:that|which|who) .*", "", phrase[match.end() :])  # the key says which one
            return f"{before}{said} {value}{after}" if OPEN not in phrase[match.start() :] else None
        if not re.search(r"\b(?:in|for|of|on|at|from|to|about|by|into|whether)\s$", before) or leaf.kind != "string":
            return None
        is_noun = (
            len(value) > 5
            and value[1:2].islower()
            and not value.startswith(f"{OPEN}the ")
            and leaf.meaning not in _WITHOUT_ARTICLE
        )
        return f"{before}{'the ' if is_noun else ''}{value}{phrase[match.end() :]}"

    def _say_wanted_zh(self, intent: Intent, leaves: list[Leaf]) -> tuple[str, list[Leaf]]:
        base, phrase = intent.verb.base, intent.object
        if intent.language == "en":
            return self._quote_english(intent), leaves
        if intent.verb.deed != "read":
            return f"{base}{phrase}", leaves
        options = [
            *self._frames["read_verbs"],
            *([base] * 2 if len(base) == 2 and base not in ("返回", "读取") else []),
        ]
        gap = " " if phrase[:1].isascii() else ""
        return f"{self._rng.choice(options)}{gap}{phrase}", leaves

    def _quote_english(self, intent: Intent) -> str:
        """What an English product calls it, asked for by a Chinese speaker: 查询「weather forecast in a city」."""
        base, deed = intent.verb
        named = re.sub(r"^(?:for )?(?:(?:the|an?) )?", "", intent.object)
        verbs = self._frames["read_verbs"] if deed == "read" else self._frames["deeds"].get(deed)
        own = None if named.startswith("or ") else load_data("words")["own_zh"].get(base)
        verb = str(self._rng.choice(verbs)) if verbs else own
        return f"{verb}「{named}」" if verb else f"执行「{base} {named}」"

    def _say_short(self, intent: Intent, wanted: str) -> str:
        if intent.verb.deed != "read" or self._language == "zh":
            return wanted[:1].upper() + wanted[1:]
        verbs = "|".join(re.escape(verb) for verb in (*self._frames["read_verbs"], intent.verb.base))
        phrase = re.sub(rf"^(?:{verbs}) (?:the|an?) ", "", wanted)
        return phrase[:1].upper() + phrase[1:]

    def _join_inline(self, leaves: list[Leaf]) -> str:
        if not leaves:
            return ""
        said = [say_inline(leaf, self._language, self._rng, self._is_spoken) for leaf in leaves]
        if self._language == "zh":
            return "，" + "，".join(said)
        natural = [one for one in said if not one.startswith("with ")]
        added = [one.removeprefix("with ") for one in said if one.startswith("with ")]
        text = "".join(f" {one}" if _GOES_ON.match(one) else f", {one}" for one in natural)
        if added:
            text += " with " + (", ".join(added[:-1]) + " and " if len(added) > 1 else "") + added[-1]
        return text

    def _say_details(self, leaves: list[Leaf]) -> str:
        if not leaves:
            return ""
        rng, language = self._rng, self._language
        if language == "zh":
            said = [say_inline(leaf, "zh", rng, self._is_spoken) for leaf in leaves]
            return "，".join(said) + "。"
        pairs = [say_pair(leaf, "en", rng, self._is_spoken) for leaf in leaves]
        if self._entry.get("commas"):
            return "".join(f", {pair}" for pair in pairs)
        if len(leaves) > _LONG_REQUEST or rng.random() < 0.3:
            lead = rng.choice((" Details: ", " Here are the details: ", " It should have ", " Use "))
            return lead + _join_and(pairs) + "."
        details = [say_detail(leaf, "en", rng, self._is_spoken) for leaf in leaves]
        text = _join_and(details)
        return f" {text[:1].upper()}{text[1:]}."

    def _say_background(self) -> str:
        """A request without values has little to tell apart; often it says why it is made."""
        if self._entry.get("commas") or self._rng.random() < 0.3:
            return ""
        reason = str(self._rng.choice(self._frames["reasons"]))
        return reason if self._language == "zh" else f" {reason}"

    def _fill(self, frame: str, do: str, short: str, first: str, details: str) -> str:
        reason = self._rng.choice(self._frames["reasons"]) if "{reason}" in frame else ""
        fields = {
            "do": do,
            "Do": do[:1].upper() + do[1:],
            "short": short,
            "first": first,
            "details": details,
            "reason": reason,
        }
        runs_on = bool(re.search(r"(?:[a-z]|[}\u4e00-\u9fff])\{details\}", frame)) and not details.startswith(",")
        if runs_on and details:
            stop = "，" if self._language == "zh" else ("," if self._entry.get("lower") else ".")
            fields["details"] = stop + details
        return re.sub(r"\{(\w+)\}", lambda match: fields[match.group(1)], frame)

    def _frame_off(self, text: str, frame: str) -> str:
        """Sometimes a greeting before and thanks after."""
        rng = self._rng
        greets = re.match(
            r"(?:Hi|Hello|Hey|Good|Dear|Okay|Yay|Excuse|Sorry|Alright|您好|你好|嗨|嘿|尊敬|早上|下午|不好意思|小伙子|好的|行，|嗯)",
            text,
        )
        if not greets and "{first}" not in frame and rng.random() < 0.3:
            opener = rng.choice(self._frames["openers"])
            stays = re.match(rf"(?:I\b|{OPEN}|[A-Z][a-z]*[A-Z]|[A-Z]{{2}})", text) or self._language == "zh"
            text = opener + (text if stays or re.search(r"[!:] $", opener) else text[:1].lower() + text[1:])
        thanks = re.search(r"(?i)thank|regards|thx|grateful|谢|祝好|此致|辛苦", text)
        if not thanks and rng.random() < 0.3:
            text = text.rstrip() + rng.choice(self._frames["closers"])
        return text

    def _polish(self, text: str) -> str:
        pieces = _MARKED.split(text)
        for index in range(0, len(pieces), 2):
            piece = re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", pieces[index]))
            piece = re.sub(r"([,.?!，。？！])(?:[,.，。])+", r"\1", piece)
            if self._language == "zh":
                piece = re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", piece)
            pieces[index] = piece.lower() if self._entry.get("lower") else piece
        text = "".join(pieces).strip()
        text = re.sub(f'([?!.。？！]["”]{CLOSE})[.。]', r"\1", text)
        return text


def write_request(function: FunctionDocument, leaves: list[Leaf], language: str, style: str, rng: random.Random) -> str:
    """A request for a call of `function` that says every value."""
    intent = rng.choice(_usable_intents(function, language))
    return RequestWriter(language, style, rng).write(intent, leaves)


def _usable_intents(function: FunctionDocument, language: str) -> tuple[Intent, ...]:
    if language == "en":
        return function.intents_in("en")
    own = tuple(intent for intent in function.intents if intent.language == "zh" and CHINESE.search(intent.object))
    return own or function.intents_in("en")


def _join_and(parts: list[str]) -> str:
    return (", ".join(parts[:-1]) + " and " if len(parts) > 1 else "") + parts[-1]
