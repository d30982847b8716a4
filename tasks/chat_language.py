"""The language of a conversation: what its set says, else what its words say. `Chinese` → zh, "Was ist das?" → None."""

import re
from collections.abc import Iterable

from schemas.function import Language
from tasks.cleaning.clean_text import script_of

_NAMES: dict[str, Language] = {
    "en": "en", "eng": "en", "english": "en",
    "zh": "zh", "cmn": "zh", "zho": "zh", "chi": "zh", "chinese": "zh", "mandarin": "zh", "cn": "zh",
    "simplified chinese": "zh", "traditional chinese": "zh", "中文": "zh", "英文": "en", "yue": "zh",
}  # fmt: skip
_UNSAID = {"", "unknown", "und", "none", "null", "nolang"}

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]")
_LATIN_SHARE = 0.8  # of the letters; English has hardly any other, German and French lose a few to accents
# The most frequent words of languages in Latin letters; a word that two of them share tells nothing and stands in none.
_COMMON = {
    "en": "the of and to is that it for was on are with as his they at be this have from or had by not but what all"
    " were we when your can said there use an each which she how their if will up other about out many then them these"
    " so some her would make like him into time has look two more write go see you my please could should give",
    "de": "der die und das ist nicht ich ein eine zu den mit sich auf für von dem wie es im auch wird sind bei als",
    "fr": "le les et une est pas pour que qui dans ce il elle sur au avec je vous nous mais ou des du sont cette être",
    "es": "el los las y una es por con para que del se su como más pero sus este está son lo qué puede",
    "it": "il di che è per una sono non con gli della nel si dei questo alla più come anche",
    "pt": "os uma não com por mais dos como mas ao ele das seu sua ou quando muito você são está",
    "nl": "het een van en niet zijn met voor dat te aan er ook maar bij naar deze wat",
}  # fmt: skip


def _telling_words() -> dict[str, set[str]]:
    listed = {language: set(words.split()) for language, words in _COMMON.items()}
    return {
        language: words - set().union(*(other for name, other in listed.items() if name != language))
        for language, words in listed.items()
    }


_TELLING = _telling_words()


def decide_language(name: object, texts: Iterable[str]) -> Language | None:
    """English, Chinese, or None for any other.

    Args:
        name: what the set says, such as `English` or `zh-CN`; anything that is no name leaves it to the texts.
        texts: what the user says.
    """
    word = name.strip().lower().replace("_", "-") if isinstance(name, str) else ""
    if word in _UNSAID:
        return language_told(texts)
    return _NAMES.get(word) or _NAMES.get(word.split("-")[0]) or _NAMES.get(word.split("(")[0].strip())


def language_told(texts: Iterable[str]) -> Language | None:
    """The language that words are in, code and addresses aside; None for any other.

    Text without a telling word, such as "2 + 2", counts as English if its letters are Latin.
    """
    text = _CODE.sub(" ", "\n".join(texts))
    script = script_of([text])
    if script != "other":
        return "zh" if script == "zh" else None
    words = [word.lower() for word in _WORD.findall(text)]
    letters = sum(map(len, words))
    if len(_LATIN.findall(text)) < _LATIN_SHARE * letters:
        return None
    hits = {language: sum(word in telling for word in words) for language, telling in _TELLING.items()}
    return "en" if hits["en"] == max(hits.values()) else None


def has_words(text: str) -> bool:
    """Whether there is anything beside code, numbers and signs that a language could be told from."""
    return len(_WORD.findall(_CODE.sub(" ", text))) > 2 or script_of([_CODE.sub(" ", text)]) != "other"
