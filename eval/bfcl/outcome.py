"""What a model did where it made no call that can be read: nothing, a broken call, a question, or a refusal.

BFCL calls all of these "decoder failed"; a refusal is honest work, a broken call is not.
"""

import re

from schemas.evaluation import Outcome

_CALL_TAGS = re.compile(
    r"""</?(tool_?calls?|function_?calls?|tool_use|invoke|function=[\w.\-]+)\b   # Hermes, Qwen, Claude, Llama
    |<[|｜]\s*(tool|python|function)                                              # <|tool_call_begin|>, <|python_tag|>
    |\[TOOL_CALLS\]                                                               # Mistral
    |\bfunctools\s*\[                                                             # functionary, Phi
    |^[ \t]*Action\ Input[ \t]*[:：]                                               # ReAct
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_CALL_NAME = re.compile(r"""["'](name|function|function_name|tool|tool_name)["']\s*:""")
_CALL_ARGUMENTS = re.compile(r"""["'](arguments|parameters|args|kwargs|tool_input)["']\s*:""")
_NAME = r"[A-Za-z_][\w.]*"
_CALL_LIST = re.compile(rf"\[\s*{_NAME}\(\s*(?:\w+\s*=|\)\s*[,\]])")
"""Anywhere, also where it was cut: [f(a=1), or [f()]."""
_CALL_ALONE = re.compile(
    rf"(?:```(?:python|json|java|javascript|tool_code)?)?\s*"
    rf"(?:{_NAME}\((?:\s*\w+\s*=.*)?\)|\[\s*{_NAME}\(.*\)\s*\])[\s`;]*",
    re.DOTALL,
)
"""The whole text, fenced or not: f(a=1) or [f("x")]."""

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|`[^`]*`")
_SENTENCE = re.compile(r"[^.?!。？！\n]*[.?!。？！\n]?")
_COURTESY = re.compile(
    r"""\b(anything|something)\ else\b|\bother\ (questions|requests|tasks)\b|\bfurther\ assistance\b
    |\bhow\ (else\ )?(can|may)\ I\ (help|assist)|\bfeel\ free\b
    |\blet\ me\ know\ if\ (you\ (have|need|want|would)|there|I\ can)
    |(还有|有没有)?(其他|其它|别的|任何)(的)?(问题|需要|需求|事情|事|帮助|可以帮)|随时(告诉|联系|提问)|还能帮
    """,
    re.IGNORECASE | re.VERBOSE,
)
_QUESTION = re.compile(r"[?？]|[吗呢](?=[。！\s]*$)")
_REQUEST = re.compile(
    r"""\b(please|kindly)\s+(also\s+)?(provide|specify|tell|share|confirm|clarify|give|let|supply)\b
    |\b(please|kindly)\s+(also\s+)?(enter|choose|state|include|indicate|send|upload)\b
    |\b(could|can|would|will)\s+you\s+(please\s+)?(provide|specify|tell|share|confirm|clarify|give|let)\b
    |\blet\s+me\s+know\s+(the|your|which|what|when|where|how|whether|who)\b
    |\b(I|we)(\s+(would|will|do|also|still))*(['’](ll|d))?\s+(need|require)\s+
        (to\s+know|you\s+to|the\s+following|your|some|(a\s+(bit|few|little)\s+)?(more|additional|further))\b
    |(请|麻烦)(您|你)?(先|再)?(提供|告诉|告知|说明|确认|补充|输入|指定|明确|给出|给我|选择|描述|上传)
    |(我|还)(还|仍)?需要(知道|了解|更多|您|你|以下|一些)
    |(能否|可否|能不能|可不可以|是否可以)(请)?(您|你)?(提供|告诉|告知|说明|确认|补充)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def classify_text(text: str | None) -> Outcome:
    """Say what a text without a readable call is.

    Args:
        text: the message's content.
    """
    if text is None or not text.strip():
        return "empty"
    if looks_like_calls(text):
        return "unparsable"
    return "asked_back" if _asks(text) else "refused"


def looks_like_calls(text: str) -> bool:
    """Whether a text plainly tries to be calls, in whatever form."""
    in_json = "{" in text and _CALL_NAME.search(text) and _CALL_ARGUMENTS.search(text)
    return bool(in_json or _CALL_TAGS.search(text) or _CALL_LIST.search(text) or _CALL_ALONE.fullmatch(text.strip()))


def _asks(text: str) -> bool:
    """Whether the user is to say something; "anything else?" at the end of a refusal is courtesy."""
    sentences = [each for each in _SENTENCE.findall(_QUOTED.sub(" ", text)) if not _COURTESY.search(each)]
    return any(_QUESTION.search(each) or _REQUEST.search(each) for each in sentences)
