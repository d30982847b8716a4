"""Our scorer against bfcl-eval itself on thousands of mutated ground truths: verdict, error type, where it raises."""

import json
import os
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from eval.bfcl.checker import check_output
from eval.bfcl.decode import UndecodableError, decode_text
from eval.bfcl.judge import judge
from schemas.evaluation import Case, Given, GivenCall, Mode
from tests.eval.bfcl.ground_truth import load_cases, right_calls
from tests.eval.bfcl.handmade import handmade_cases
from tests.eval.bfcl.mutations import make_vectors

SEED = int(os.environ.get("CALLMILL_TEST_SEED", "15"))
"""Another one gives other vectors."""
ROOT = Path(__file__).parents[3]
BFCL = Path(os.environ.get("CALLMILL_BFCL", ROOT / ".venv-bfcl" / "bin" / "bfcl"))
DOTS_STAY, DOTS_GO = "gorilla-openfunctions-v2", "openbmb/MiniCPM-SALA-FC"
TEXTS = (
    *(
        "[f(a=1)]",
        "f(a=1)",
        "f(a=1), g(b=2)",
        "```[f(a=1)]```",
        "```python\n[f(a=1)]\n```",
        "[]",
        "",
        " ",
        "no",
        "No, thanks.",
    ),
    *(
        "[f(1, a=2)]",
        "[f()]",
        "[a.b.c(x='y')]",
        "[f()()]",
        "[a().b(x=1)]",
        "[f(**{'a': 1})]",
        "[f(*x, a=1)]",
        "[f(a=1), 2]",
    ),
    *("[f(a=-1)]", "[f(a=+1)]", "[f(a=~1)]", "[f(a=not True)]", "[f(a=--1)]", "[f(a=-'x')]", "[f(a=-x)]", "[f(a=-2j)]"),
    *("[f(a=True, b=None, c=...)]", "[f(a=true)]", "[f(a=null)]", "[f(a=[1, 'x', (1, 2)])]", "[f(a={'b': [1]})]"),
    *("[f(a={b: 1})]", "[f(a={[1]: 1})]", "[f(a={**b})]", "[f(a={1, 2})]", "[f(a=[*b])]", "[f(a=x.y)]", "[f(a=x[0])]"),
    *(
        "[f(a=x[1:2])]",
        "[f(a=g())]",
        "[f(a=g(1))]",
        "[f(a=g(b=1))]",
        "[f(a=g(1, b=[2]))]",
        "[f(a=lambda: 1)]",
        "[f(a=b'x')]",
    ),
    *("[f(a=2*3)]", "[f(a=2**3-1)]", "[f(a='x'*3)]", "[f(a='x'+'y')]", "[f(a=[1]+[2])]", "[f(a=1/0)]", "[f(a=-(1+2))]"),
    *(
        "[f(a=x+1)]",
        "[f(a=1//2*3.5)]",
        "[f(a=1<<4|1)]",
        "[f(a=(1,2)+(3,))]",
        "[f(a=1 if x else 2)]",
        "[f(a=1<2)]",
        "[f(a=x and y)]",
    ),
    *(
        "[f(a=f'x')]",
        "[f(a=[i for i in x])]",
        "[f(a=1, a=2)]",
        "[f(a=1)",
        "f(a=1)]",
        "[f(a=1)]]",
        "'[f(a=1)]'",
        "[[f(a=1)]]",
    ),
    *(
        "[f(a='it\\'s')]",
        "[f(a='x\ny')]",
        "[f(a='x\\ny')]",
        "[f(a=1)]\n\n[g(b=2)]",
        "[f(a=1)];",
        "[f(a=1)] # x",
        "{f(a=1)}",
    ),
    *(
        "[f(a='\\d')]",
        "[f(a=0x10)]",
        "[f(a=1_000)]",
        "[f(a=007)]",
        "[f(a=1e400)]",
        "\t[f(a=1)]",
        "[f(a='一')]",
        "[函数(参数=1)]",
    ),
    *(
        "[f(a=" + "9" * 5000 + ")]",
        "[f(a=" + "[" * 150 + "]" * 150 + ")]",
        "f(a=1)\ng(b=2)",
        "<tool_call>{}</tool_call>",
        "f",
    ),
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BFCL.is_file(), reason="needs `make bfcl-env`"),
]


@cache
def bfcl_cases() -> tuple[Case, ...]:
    (package,) = BFCL.parent.parent.glob("lib/python*/site-packages/bfcl_eval")
    return tuple(load_cases(package / "data"))


def ask_official(questions: list[dict[str, Any]], home: Path) -> list[Any]:
    """What the official code says to each question."""
    script = Path(__file__).with_name("official.py")
    done = subprocess.run(
        [str(BFCL.parent / "python"), str(script)],
        input="".join(json.dumps(each) + "\n" for each in questions),
        env={**os.environ, "BFCL_PROJECT_ROOT": str(home), "OPENAI_API_KEY": "none"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("model", [DOTS_STAY, DOTS_GO])
def test_verdict_and_error_type_agree(model: str, tmp_path: Path) -> None:
    is_dotless = model == DOTS_GO
    vectors = list(make_vectors(bfcl_cases(), SEED + is_dotless, rounds=1, underscores=is_dotless))
    vectors += make_vectors(handmade_cases(), SEED + is_dotless, rounds=20, underscores=is_dotless)
    officials = ask_official([vector | {"ask": "check", "model": model} for vector in vectors], tmp_path)
    differences = []
    for vector, official in zip(vectors, officials, strict=True):
        ours = check_output(
            vector["functions"],
            vector["possible_answer"],
            vector["category"],
            vector["language"],
            vector["output"],
            underscore_to_dot=is_dotless,
        )
        if [ours.valid, ours.error_type] != official:
            differences.append((vector["id"], vector["mutation"], official, ours))
    seen = Counter(str(error or valid) for valid, error in officials)
    print(f"{len(vectors)} vectors, {len(differences)} differences; {dict(seen)}")
    assert not differences, differences[:5]
    assert len(vectors) >= 6000
    assert seen["None"] >= 300, "too few vectors at which the official checker raises"
    assert len(seen) >= 22, f"too few kinds of verdict: {sorted(seen)}"


def test_texts_are_decoded_alike(tmp_path: Path) -> None:
    officials = ask_official([{"ask": "text", "text": text} for text in TEXTS], tmp_path)
    for text, official in zip(TEXTS, officials, strict=True):
        try:
            ours = repr(list(decode_text(text, "python")))
        except UndecodableError:
            ours = None
        assert ours == official, text


@pytest.mark.parametrize("mode", ["fc", "prompt"])
def test_raw_answers_are_judged_alike(mode: Mode, tmp_path: Path) -> None:
    cases = [case for case in bfcl_cases() if mode == "fc" or case.code_language == "python"][::9]
    given = [(case, each) for case in cases for each in (_as_calls(case) if mode == "fc" else _as_texts(case))]
    questions = [
        {
            "ask": "judge",
            "mode": mode,
            "model": DOTS_GO,
            "functions": case.functions,
            "possible_answer": case.possible_answer,
            "category": case.rule,
            "language": case.code_language,
            "result": [{call.name: call.arguments} for call in each.calls] or each.text,
        }
        for case, each in given
    ]
    officials = ask_official(questions, tmp_path)
    for (case, each), official in zip(given, officials, strict=True):
        judgement = judge(case, each, mode)
        assert [judgement.bfcl_valid, judgement.verdict.error_type] == official, (case.case_id, each)


def as_given_calls(calls: list[dict[str, Any]]) -> tuple[GivenCall, ...]:
    """As an endpoint sends them: `_` for `.`, arguments as JSON text."""
    return tuple(
        GivenCall(name=name.replace(".", "_"), arguments=json.dumps(arguments))
        for call in calls
        for name, arguments in call.items()
    )


def _as_calls(case: Case) -> list[Given]:
    right = as_given_calls(right_calls(case)) or (GivenCall(name="f", arguments="{}"),)
    broken = (
        right[0].model_copy(update={"arguments": text}) for text in ("{", "", "null", "[1]", '"x"', "{}", '{"a": NaN}')
    )
    texts = (Given(text=text) for text in (None, "", " ", "No.", "[f(a=1)]"))
    return [
        Given(calls=right),
        Given(calls=(*right, right[0]), text="x"),
        *(Given(calls=(each,)) for each in broken),
        *texts,
    ]


def _as_texts(case: Case) -> list[Given]:
    written = [
        f"{name.replace('.', '_')}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
        for call in right_calls(case)
        for name, arguments in call.items()
    ] or ["f(a=1)"]
    texts = (f"[{', '.join(written)}]", ", ".join(written), f"```\n[{written[0]}]\n```", f"Sure: {written[0]}")
    return [Given(text=text) for text in (*texts, None, "", " ", "[]", "No.")]
