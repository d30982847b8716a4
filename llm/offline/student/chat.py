"""Rows of small talk, sums and little facts told a moment ago, so that the base model also answers in words."""

import random

from llm.offline.student.naming import draw_term, invent_word, invent_word_zh
from llm.offline.student.row import Row, Turn
from llm.offline.words import load_data

_GREET_EN = (
    ("Hello!", "Hello! How can I help you?"),
    ("Good morning.", "Good morning! What can I do for you today?"),
    ("How are you?", "I am fine, thank you. What would you like to talk about?"),
    ("Thanks a lot!", "You are welcome."),
    ("Who are you?", "I am a small assistant. I answer questions and fill in forms."),
    ("Goodbye.", "Goodbye, and have a nice day!"),
)
_GREET_ZH = (
    ("你好！", "你好！有什么可以帮您？"),
    ("早上好。", "早上好！今天想做点什么？"),
    ("你最近好吗？", "我很好，谢谢。您想聊些什么？"),
    ("非常感谢！", "不客气。"),
    ("你是谁？", "我是一个小助手，可以回答问题，也可以填表。"),
    ("再见。", "再见，祝您愉快！"),
)


def write_chat(language: str, rng: random.Random) -> Row:
    """A few turns of talk."""
    makers = (_greet, _tell_and_ask, _add, _like)
    turns = [turn for _ in range(rng.randint(1, 4)) for turn in rng.choice(makers)(language, rng)]
    return Row("chat", language, tuple(turns))


def _greet(language: str, rng: random.Random) -> list[Turn]:
    question, answer = rng.choice(_GREET_ZH if language == "zh" else _GREET_EN)
    return [Turn("user", question), Turn("assistant", answer)]


def _tell_and_ask(language: str, rng: random.Random) -> list[Turn]:
    """Two facts and a question about one of them."""
    pools = load_data("pools")[language]
    people = rng.sample(pools["person"], 2)
    cities = [_city(language, rng) for _ in people]
    place = rng.randrange(2)
    if language == "zh":
        facts = "".join(f"{person}住在{city}。" for person, city in zip(people, cities, strict=True))
        answer = f"{people[place]}住在{cities[place]}。"
        return [Turn("user", f"{facts}{people[place]}住在哪里？"), Turn("assistant", answer)]
    facts = " ".join(f"{person} lives in {city}." for person, city in zip(people, cities, strict=True))
    answer = f"{people[place]} lives in {cities[place]}."
    return [Turn("user", f"{facts} Where does {people[place]} live?"), Turn("assistant", answer)]


def _city(language: str, rng: random.Random) -> str:
    if rng.random() < 0.5:
        return invent_word_zh(rng) if language == "zh" else invent_word(rng).capitalize()
    return str(rng.choice(load_data("pools")[language]["city"]))


def _add(language: str, rng: random.Random) -> list[Turn]:
    first, second = rng.randint(0, 20), rng.randint(0, 20)
    if language == "zh":
        return [
            Turn("user", f"{first}加{second}等于多少？"),
            Turn("assistant", f"{first}加{second}等于{first + second}。"),
        ]
    return [
        Turn("user", f"How much is {first} plus {second}?"),
        Turn("assistant", f"{first} plus {second} is {first + second}."),
    ]


def _like(language: str, rng: random.Random) -> list[Turn]:
    """An opinion taken up."""
    thing, other = draw_term("nouns", rng), draw_term("adjectives", rng, invented=0)
    reason = str(rng.choice(load_data("frames")[language]["reasons"]))
    if language == "zh":
        return [
            Turn("user", f"{reason}我喜欢{other.zh}{thing.zh}。"),
            Turn("assistant", f"明白了，您喜欢{other.zh}{thing.zh}。"),
        ]
    return [
        Turn("user", f"{reason} I like the {other.en} {thing.en}."),
        Turn("assistant", f"I see, you like the {other.en} {thing.en}."),
    ]
