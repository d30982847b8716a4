"""Characters come whole, and stop texts never come at all."""

from hypothesis import given
from hypothesis import strategies as st

from serving.call_formats.open import open_call_format
from serving.calls import CallLanguage
from serving.embedded.job import open_job
from serving.embedded.text import AnswerText
from serving.engine import Generation
from serving.vocabulary import Vocabulary

BYTES = Vocabulary(tuple(bytes([value]) for value in range(256)), (0,))


def feed(data: bytes, stop: tuple[str, ...] = (), talking_until: int | None = None) -> list[str]:
    """What is shown after each byte, and at the end."""
    text = AnswerText(BYTES, stop)
    shown = []
    for place, token in enumerate(data):
        shown.append(text.feed(token, talking_until is None or place < talking_until))
        if text.is_stopped:
            break
    return [*shown, text.finish()]


def test_a_character_is_shown_when_its_last_byte_is_there() -> None:
    assert feed("é北a".encode()) == ["", "é", "", "", "北", "a", ""]


def test_a_character_that_never_ends_is_no_text() -> None:
    assert "".join(feed("a北".encode()[:-1])) == "a"


def test_bytes_that_are_no_character_are_replaced() -> None:
    assert "".join(feed(b"a\xffb")) == "a\ufffdb"


def test_text_ends_before_the_stop_text() -> None:
    assert feed(b"one\n\ntwo", ("\n\n",)) == ["o", "n", "e", "", "", ""]


def test_what_only_began_like_a_stop_text_is_shown_after_all() -> None:
    assert "".join(feed(b"ababac aba", ("abac!",))) == "ababac aba"


def test_stop_texts_count_in_free_text_only() -> None:
    assert "".join(feed(b'words }<call>{"a": "}"}', ("}",), talking_until=6)) == 'words }<call>{"a": "}"}'


@given(st.text("ab c", max_size=30), st.lists(st.text("abc", min_size=1, max_size=4), max_size=3))
def test_streaming_finds_what_searching_the_whole_finds(text: str, stop: list[str]) -> None:
    places = [text.find(each) + len(each) for each in stop if each in text]
    # The first stop text to be complete ends the answer; of those that end together the one that began first.
    ends = min(places, default=0)
    expected = text
    if places:
        expected = text[: min(ends - len(each) for each in stop if text[:ends].endswith(each))]
    assert "".join(feed(text.encode(), tuple(stop))) == expected


def test_a_free_answer_stops_at_the_mark_that_ends_calls() -> None:
    """A constraint would end it there; without one the model would go on and invent the result."""
    call = "✿FUNCTION✿: now\n✿ARGS✿: {}\n"
    generation = Generation("x", CallLanguage(open_call_format("qwen-agent"), (), True, None, is_free=True), 100)
    job = open_job(generation, [0], 100, None, BYTES)
    pieces = [job.advance(token, True) for token in f"{call}✿RESULT✿".encode()]
    assert "".join(piece.text for piece in pieces if piece) == call
    assert pieces[-1] is not None
    assert pieces[-1].finish == "stop"
