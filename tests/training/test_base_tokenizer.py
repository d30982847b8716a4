"""The base's tokenizer: text survives, and a word is cut alike wherever it stands."""

from hypothesis import given
from hypothesis import strategies as st

from training.base_tokenizer import SPACE, learn_tokenizer
from training.tiny_texts import make_texts

TOKENIZER = learn_tokenizer(make_texts(0), 700, 512)


@given(st.text())
def test_every_text_survives(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER(text).input_ids) == text


@given(st.from_regex(r"[A-Z]?[a-z]{1,12}", fullmatch=True))
def test_a_word_is_cut_alike_after_a_space_and_after_a_quote(word: str) -> None:
    spaced = TOKENIZER.tokenize(f"x {word}")[1:]
    quoted = TOKENIZER.tokenize(f'x"{word}')[2:]
    joined = spaced[1:] if spaced[0] == SPACE else [spaced[0].removeprefix(SPACE), *spaced[1:]]
    assert joined == quoted


def test_digits_and_chinese_characters_stand_alone() -> None:
    assert TOKENIZER.tokenize("x2026") == ["x", "2", "0", "2", "6"]
    assert TOKENIZER("广州").input_ids == TOKENIZER("广").input_ids + TOKENIZER("州").input_ids


def test_a_name_is_cut_at_its_hump() -> None:
    assert TOKENIZER("deliveryCity").input_ids == TOKENIZER("delivery").input_ids + TOKENIZER("City").input_ids
