"""Marks that are tokens: one each, in a real tokenizer; and vLLM's own parser reads what we spell."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from serving.call_formats.format import ParsedCall
from serving.call_formats.open import open_call_format
from serving.call_formats.reader import spell_calls

ROOT = Path(__file__).parents[3]
CALLS = [
    ParsedCall("get_weather", '{"city": "北\\"京\\n", "more": {"list": [1, {}]}}'),
    ParsedCall("get_time", "{}"),
    ParsedCall("say", '{"text": "}"}'),
]
READ_BY_VLLM = """
import json, sys
from vllm.tool_parsers.hermes_tool_parser import Hermes2ProToolParser

class Tokenizer:
    def get_vocab(self):
        return {}

def read_whole(text):
    found = Hermes2ProToolParser(Tokenizer()).extract_tool_calls(text, None)
    return [[call.function.name, call.function.arguments] for call in found.tool_calls]

def read_growing(text):
    parser, calls = Hermes2ProToolParser(Tokenizer()), {}
    for end in range(1, len(text) + 1):
        delta = parser.extract_tool_calls_streaming(text[: end - 1], text[:end], text[end - 1 : end], [], [], [], None)
        for part in delta.tool_calls if delta else []:
            call = calls.setdefault(part.index, ["", ""])
            call[0] += part.function.name or ""
            call[1] += part.function.arguments or ""
    return [calls[index] for index in sorted(calls)]

text = sys.stdin.read()
print(json.dumps([read_whole(text), read_growing(text)]))
"""


def test_each_mark_is_one_token_and_the_text_stays_what_it_is() -> None:
    pytest.importorskip("transformers")
    from tokenizers import AddedToken

    from training.tiny_model import make_tokenizer
    from training.tiny_texts import make_texts

    call_format = open_call_format("special-tokens")
    tokenizer = make_tokenizer(make_texts(0), context_length=512)
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in call_format.added_tokens])
    spelled = spell_calls(call_format.marks, CALLS)
    ids = tokenizer.encode(spelled, add_special_tokens=False)
    marks = [tokenizer.convert_tokens_to_ids(mark) for mark in call_format.added_tokens]
    assert [each for each in ids if each in marks] == marks * len(CALLS)
    assert tokenizer.decode(ids, skip_special_tokens=True) == spelled


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hermes", "special-tokens"])
def test_vllms_parser_reads_what_we_spell(name: str) -> None:
    python = Path(os.environ.get("CALLMILL_VLLM_PYTHON", ROOT / ".venv-vllm" / "bin" / "python"))
    if not python.exists():
        pytest.skip("no vLLM here; `make vllm-env` installs it")
    call_format = open_call_format(name)
    assert call_format.vllm_parser == "hermes"
    text = "Well.\n" + spell_calls(call_format.marks, CALLS)
    done = subprocess.run([python, "-c", READ_BY_VLLM], input=text, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    for read in json.loads(done.stdout.splitlines()[-1]):
        assert [(each[0], json.loads(each[1])) for each in read] == [
            (call.name, json.loads(call.arguments)) for call in CALLS
        ]
