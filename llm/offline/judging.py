"""Judge calls and refusals by reading the prompt: evidence first, then the answers."""

import json
import random
import re
from typing import Any

from llm.offline.documents import FunctionDocument
from llm.offline.evidence import Evidence, gather_evidence
from llm.offline.leftovers import find_leftovers, find_strange_words
from llm.offline.ranges import find_reversed
from llm.offline.reading import Question
from llm.offline.serving import Weights, could_serve, cover_intent, fits_deed, mentioned_deeds, serves_as_well
from llm.offline.small_talk import small_talk
from llm.offline.spoken import Text
from llm.offline.subjects import find_keys
from llm.offline.words import stem
from schemas.verdict import CallJudgement, RefusalJudgement

_HARSH_SHARE = 0.02
_NAMED_SHARE = 0.5
_STRANGE_WORDS = 3
_REFUSES = re.compile(
    r"can't|cannot|can not|unable|not able|not possible|don't have|do not have|have no|no tool|no function|no way"
    r"|isn't something|is not something"
    r"|none of|outside of what|afraid|无法|不能|没办法|没有|做不到|不支持|超出|抱歉|不好意思|很遗憾|对不起",
    re.IGNORECASE,
)
_CLAIMS = re.compile(
    r"here is the result|the result is|i've done|i have done|^done\b|reference number is|the answer is"
    r"|were found|i found"
    r"|结果是|查到了|已经为您|办理成功|编号是|right on it"
    r"|consider it done|i will take care|working on it|马上去办|交给我|正在处理",
    re.IGNORECASE,
)
_VALUE_LIKE = re.compile(r"\"[^\"]+\"|“[^”]+”|[\w.:/@+-]*\d[\w.:/@+-]*|(?<=[a-z,] )[A-Z]\w+(?: [A-Z]\w+)*", re.ASCII)


def judge_calls(question: Question, rng: random.Random) -> CallJudgement:
    """Answer the five questions about calls."""
    functions = {function.name: function for function in (*question.others, *question.functions)}
    calls = json.loads(question.calls)
    names = [str(call.get("name")) for call in calls]
    known = [(functions[name], _arguments(call)) for name, call in zip(names, calls, strict=True) if name in functions]
    evidence = gather_evidence(question.query, known)
    called = [function for function, _ in known]
    leftovers = find_leftovers(evidence, called)
    doubts = _doubt_solution(question, evidence, called)
    rival = _find_rival(question, evidence, called)
    wrong = [name for name in names if name not in functions]
    notes = [*evidence.notes]
    notes += [f"{name} is not offered" for name in wrong]
    notes += [f"{name} is no parameter" for name in evidence.unknown]
    notes += [f"“{said}” is in no call" for said in leftovers[:3]]
    notes += doubts
    notes += [f"{rival} would serve as well"] if rival else []
    if rng.random() < _HARSH_SHARE:
        doubts = [*doubts, "the wording leaves a doubt"]
        notes.append("the wording leaves a doubt")
    return CallJudgement(
        evidence="; ".join(notes) or "The request needs no values.",
        names_offered=not wrong,
        arguments_belong=not evidence.unknown,
        values_from_query=not evidence.unfounded and not leftovers,
        request_solved=bool(calls) and not wrong and not doubts,
        other_serves=rival is not None,
    )


def judge_refusal(question: Question, rng: random.Random) -> RefusalJudgement:
    """Answer the two questions about a refusal."""
    plain = _VALUE_LIKE.sub(" ", question.query)
    values = len(_VALUE_LIKE.findall(question.query))
    weights = Weights(question.functions)
    serving = next((f.name for f in question.functions if could_serve(f, plain, values, weights)), None)
    nearest = serving or _find_nearest(question.functions, plain, weights)
    is_refusal = _reads_as_refusal(question)
    is_harsh = rng.random() < _HARSH_SHARE
    said = f"{nearest} comes nearest" if nearest else "no function is offered"
    said += " and could do it" if serving else ", but it does something else than what is asked"
    said += "; the answer declines" if is_refusal else "; the answer does not decline"
    return RefusalJudgement(
        evidence=said + "; a doubt remains" * is_harsh,
        any_serves=serving is not None or is_harsh,
        is_refusal=is_refusal,
    )


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    arguments = call.get("arguments")
    return arguments if isinstance(arguments, dict) else {}


def _plain_text(text: Text) -> str:
    return "".join(" " if taken else character for character, taken in zip(text.text, text.taken, strict=True))


def _given(evidence: Evidence) -> frozenset[str]:
    labels = " ".join(f"{leaf.label_en}" for leaves in evidence.leaves for leaf in leaves)
    pairs = find_keys("，".join(leaf.label_zh for leaves in evidence.leaves for leaf in leaves))
    return frozenset({stem(word) for word in labels.split()} | pairs)


def _doubt_solution(question: Question, evidence: Evidence, called: list[FunctionDocument]) -> list[str]:
    """Reasons to think that the calls do not do what is asked, no more and no less."""
    plain = _plain_text(evidence.text)
    keys, given = find_keys(question.query), _given(evidence)
    doubts = [f"required {name} is missing" for name in evidence.missing]
    doubts += [one for call in json.loads(question.calls) for one in find_reversed(call.get("arguments"))]
    distinct = {function.name: function for function in called}.values()
    for document in distinct:
        also = frozenset(deed for one in distinct if one is not document for deed in mentioned_deeds(one))
        share, intent = cover_intent(document, keys, given)
        if share < _NAMED_SHARE:
            doubts.append(f"the request is not about {intent.object}")
        elif not fits_deed(document, intent, plain, also):
            doubts.append(f"the request does not ask to {intent.verb.base or 'do'} this")
    strange, count = find_strange_words(evidence, called)
    if len(strange) >= _STRANGE_WORDS and len(strange) * 5 > count:
        doubts.append(f"nothing is done about “{' '.join(strange[:4])}”")
    calls = [json.dumps(call, sort_keys=True) for call in json.loads(question.calls)]
    if len(set(calls)) < len(calls):
        doubts.append("the same call is made twice")
    return doubts


def _find_rival(question: Question, evidence: Evidence, called: list[FunctionDocument]) -> str | None:
    if not question.others:
        return None
    weights = Weights([*called, *question.others])
    keys, given = find_keys(question.query), _given(evidence)
    for other in question.others:
        if any(serves_as_well(other, function, keys, given, weights) for function in called):
            return other.name
    return None


def _find_nearest(functions: tuple[FunctionDocument, ...], plain: str, weights: Weights) -> str | None:
    keys = find_keys(plain) - small_talk("en")
    if not functions:
        return None
    return max(functions, key=lambda function: weights.weigh(function.vocabulary & keys)).name


def _reads_as_refusal(question: Question) -> bool:
    answer = question.answer.strip()
    invented = [number for number in re.findall(r"\d[\d.,]*\d|\d{2,}", answer) if number not in question.query]
    return (
        bool(_REFUSES.search(answer))
        and not _CLAIMS.search(answer)
        and "{" not in answer
        and not _unknown_numbers(invented, question)
    )


def _unknown_numbers(numbers: list[str], question: Question) -> bool:
    known = " ".join(f"{function.name} {function.description}" for function in question.functions)
    return any(number not in known for number in numbers)
