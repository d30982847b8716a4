"""Answers in words to whatever a user says: greetings, little sums, and for all else what was understood of it.

The embedded teacher knows nothing of the world and says so without declining: its chat is for trying the line.
"""

import random
import re
from collections.abc import Callable

from llm.offline.mistakes import Planted
from llm.offline.words import CHINESE, find_tokens, stop_words

_SUM = re.compile(r"(-?\d{1,9})\s*(\+|plus|加上?|-|minus|减去?|\*|×|times|乘以?)\s*(\d{1,9})", re.IGNORECASE)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|evening|afternoon))\b|^\W*(?:你好|您好|早上好|晚上好)", re.IGNORECASE
)
_THANKS = re.compile(r"\b(?:thanks|thank you)\b|谢谢|感谢", re.IGNORECASE)
_SIGNS = {"plus": "+", "加": "+", "加上": "+", "minus": "-", "减": "-", "减去": "-"}
_TIMES = {"times": "*", "乘": "*", "乘以": "*", "×": "*"}
_CHINESE_PIECE = re.compile(r"[\u4e00-\u9fff]{2,8}")
_MOST_WORDS = 5
_SMALL_TALK = 40
"""Characters; longer messages greet and then ask for something."""
_REPLIES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "greeting": ("Hello! What would you like to talk about?", "Hello! What can I do for you?"),
        "thanks": ("You are welcome.", "You are welcome. Ask again whenever you like."),
        "sum": ("{sum} is {result}.", "The result of {sum} is {result}."),
        "topic": (
            "You ask about {words}. A fuller answer needs a teacher with knowledge of the world; this one repeats what"
            " it understood: {words}.",
            "Your message has {count} words, and the ones that matter seem to be {words}. From these alone nothing more"
            " follows.",
        ),
        "plain": ("Your message is short; tell me a little more, and I will go on from there.",),
    },
    "zh": {
        "greeting": ("你好！今天想聊些什么？", "你好！有什么可以帮您？"),
        "thanks": ("不客气。", "不客气，随时可以再问。"),
        "sum": ("{sum}等于{result}。", "计算结果：{sum}等于{result}。"),
        "topic": (
            "您问的是{words}。更完整的回答需要了解世界的老师，这里只复述听懂的内容：{words}。",
            "您的话里共有{count}个字，重点似乎是{words}。仅凭这些，还推不出更多内容。",
        ),
        "plain": ("您的话比较短，请再多说一点，我们接着往下聊。",),
    },
}
_DECLINED = {"en": "I'm sorry, but I can't help with that.", "zh": "抱歉，我无法回答这个问题。"}


def write_chat_answer(query: str, language: str, rng: random.Random) -> str:
    """An honest, simple answer to a user's last message."""
    replies = _REPLIES[language]
    if found := _SUM.search(query):
        first, sign, second = found.groups()
        sign = {**_SIGNS, **_TIMES}.get(sign.lower(), sign)
        result = {"+": int(first) + int(second), "-": int(first) - int(second), "*": int(first) * int(second)}[sign]
        return rng.choice(replies["sum"]).format(sum=f"{first} {sign} {second}", result=result)
    if _GREETING.search(query) and len(query) < _SMALL_TALK:
        return rng.choice(replies["greeting"])
    if _THANKS.search(query) and len(query) < _SMALL_TALK:
        return rng.choice(replies["thanks"])
    words = _find_topic(query)
    if not words:
        return rng.choice(replies["plain"])
    listed = ("、" if language == "zh" else ", ").join(words)
    count = len(CHINESE.findall(query)) if language == "zh" else len(find_tokens(query))
    return rng.choice(replies["topic"]).format(words=listed, count=count)


def plant_in_chat(answer: str, language: str, rng: random.Random) -> Planted:
    """Decline, answer in the other language, or break off."""
    ways: tuple[Callable[[], Planted], ...] = (
        lambda: Planted("declined", _DECLINED[language]),
        lambda: Planted("other_language", rng.choice(_REPLIES["en" if language == "zh" else "zh"]["plain"])),
        lambda: Planted("cut_off", answer[: max(1, len(answer) // 2)], is_cut=True),
    )
    return rng.choice(ways)()


def _find_topic(query: str) -> list[str]:
    """Words that may say what a message is about, as they stand in it."""
    pieces = _CHINESE_PIECE.findall(query)
    latin = [word for word in find_tokens(query) if len(word) > 3 and word.lower() not in stop_words()]
    return list(dict.fromkeys([*pieces, *latin]))[:_MOST_WORDS]
