"""Runs in bfcl-eval's own environment: reads questions line by line, prints what the official code says to each.

Questions: {"ask": "check", …a vector, "model": …}, {"ask": "text", "text": …}, {"ask": "judge", …, "result": …}.
"""

import json
import os
import sys
from typing import Any

answers = os.dup(1)  # the package prints as it pleases
os.dup2(2, 1)

from bfcl_eval.constants.enums import Language, ReturnFormat  # type: ignore[import-not-found]  # noqa: E402
from bfcl_eval.eval_checker import eval_runner  # type: ignore[import-not-found]  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # type: ignore[import-not-found]  # noqa: E402
from bfcl_eval.model_handler.api_inference.openai_completion import (  # type: ignore[import-not-found]  # noqa: E402
    OpenAICompletionsHandler,
)
from bfcl_eval.model_handler.utils import default_decode_ast_prompting  # type: ignore[import-not-found]  # noqa: E402
from bfcl_eval.utils import is_empty_output, is_function_calling_format_output  # type: ignore[import-not-found]  # noqa: E402


def check(line: dict[str, Any]) -> list[Any]:
    """Valid and error type; [None, None] where the checker raises."""
    output, category = line["output"], line["category"]
    if "relevance" in category:
        has_call = not is_empty_output(output)
        if "irrelevance" in category:
            return [not has_call, "irrelevance_error:decoder_success" if has_call else None]
        return [has_call, None if has_call else "relevance_error:decoder_failed"]
    if not is_function_calling_format_output(output):
        return [False, "ast_decoder:decoder_wrong_output_format"]
    try:
        language = Language(line["language"])
        found = ast_checker(line["functions"], output, line["possible_answer"], language, category, line["model"])
    except Exception:
        return [None, None]
    return [found["valid"], None if found["valid"] else found["error_type"]]


def judge(line: dict[str, Any]) -> list[Any]:
    """As the runner judges a line of a result file."""
    handler = object.__new__(OpenAICompletionsHandler)
    handler.is_fc_model = line["mode"] == "fc"
    entry = {"function": line["functions"]}
    words = (handler, "id", line["result"])
    if "relevance" in line["category"]:
        found = eval_runner._evaluate_single_relevance_entry(*words, entry, line["model"], line["category"])
    else:
        found = eval_runner._evaluate_single_ast_entry(
            *words,
            line["possible_answer"],
            entry,
            line["model"],
            line["category"],
            language=Language(line["language"]),
            return_format=ReturnFormat(line["language"]),
        )
    return [found["valid"], found.get("error_type")]


def decode(line: dict[str, Any]) -> str | None:
    """The decoded calls as Python writes them: tuples and odd keys survive."""
    try:
        return repr(default_decode_ast_prompting(line["text"], ReturnFormat.PYTHON))
    except Exception:
        return None


ASK: dict[str, Any] = {"check": check, "judge": judge, "text": decode}
with os.fdopen(answers, "w") as file:
    for text in sys.stdin:
        question = json.loads(text)
        file.write(json.dumps(ASK[question["ask"]](question)) + "\n")
