"""The base's tokenizer: text survives, and a word is cut alike wherever it stands."""

import unicodedata
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, Qwen2Config

from training.base_tokenizer import SPACE, learn_tokenizer
from training.tiny_texts import make_texts

TOKENIZER = learn_tokenizer(make_texts(0), 700, 512)


@given(st.text())
def test_every_text_survives_in_its_composed_form(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert TOKENIZER.decode(TOKENIZER(text).input_ids) == composed


@given(st.text() | st.from_regex(r'(\{"[a-z_]{1,9}": ?"[A-Za-z0-9 ]{1,9}"[,}] ?\n?){1,3}', fullmatch=True))
def test_a_folder_of_the_model_cuts_the_same_for_everybody(text: str) -> None:
    assert loaded()(text).input_ids == TOKENIZER(text).input_ids


@cache
def loaded() -> Any:
    """As anybody loads it who has the folder of a Qwen2."""
    with TemporaryDirectory() as folder:
        Qwen2Config().save_pretrained(folder)
        TOKENIZER.save_pretrained(folder)
        return AutoTokenizer.from_pretrained(folder)


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
