"""What an evaluation asks, what came back, and what it is worth."""

from typing import Any, Literal

from pydantic import Field

from schemas.record import Record

Suite = Literal["bfcl", "tiers", "kinds"]
Mode = Literal["fc", "prompt"]
CodeLanguage = Literal["python", "java", "javascript"]
Tier = Literal["simple", "medium", "hard", "enterprise"]

ErrorType = Literal[
    "ast_decoder:decoder_failed",
    "ast_decoder:decoder_wrong_output_format",
    "simple_function_checker:wrong_count",
    "multiple_function_checker:wrong_count",
    "parallel_function_checker_no_order:wrong_count",
    "parallel_function_checker_no_order:cannot_find_match",
    "simple_function_checker:wrong_func_name",
    "simple_function_checker:missing_required",
    "simple_function_checker:unexpected_param",
    "simple_function_checker:missing_optional",
    "type_error:simple",
    "type_error:nested",
    "type_error:java",
    "type_error:js",
    "value_error:string",
    "value_error:dict_key",
    "value_error:dict_value",
    "value_error:list_dict_count",
    "value_error:list/tuple",
    "value_error:others",
    "dict_checker:unclear",
    "list_dict_checker:unclear",
    "irrelevance_error:decoder_success",
    "relevance_error:decoder_failed",
]
"""BFCL's words for what is wrong with single-turn answers; all there are."""

UnscoredReason = Literal[
    "unknown_category",
    "unknown_language",
    "no_function",
    "unknown_function",
    "bad_function",
    "unknown_type",
    "no_items_type",
    "unsupported_type",
    "no_answer",
    "bad_answer",
    "bad_output",
    "number_too_large",
    "server_error",
    "not_ours",
]
"""Why there is no verdict: mostly where the official checker would raise.

unknown_category, unknown_language: nothing says which rules apply. no_function: no document at all. unknown_function:
the answer names one without a document. bad_function: a document without name, properties, required list or a
parameter's type. unknown_type: a type word outside the language's table. no_items_type: a list whose element type is
not given. unsupported_type: a Java type that the official converter does not convert. no_answer: no possible answer
where one is needed. bad_answer: a possible answer of a shape that the rules cannot read. bad_output: calls of a shape
that they cannot read. number_too_large: an integer that no float holds. server_error: no answer came. not_ours: a kind
that only the official harness scores.
"""

Outcome = Literal["called", "refused", "asked_back", "empty", "unparsable", "server_error"]
"""What a model did: calls that can be read; words that say no; words that ask; nothing; something that looks like calls
and cannot be read; no answer because the server failed."""

Step = Literal["form", "count", "function", "missing", "extra", "type", "value", "called_anyway", "not_called"]
"""Where a person starts to debug, in this order: form not followed, number of calls, function chosen, argument missing,
argument too many, type, value; and for the two relevance rules a call where none, or none where one was wanted."""

Leniency = Literal["optimal_matching", "integer_in_float_list", "default_given"]
"""What the second opinion lets pass and BFCL does not."""


class Verdict(Record):
    """What the rules say; by BFCL's rules or by the second opinion's."""

    valid: bool | None
    """None: no verdict."""
    error_type: ErrorType | None = None
    reason: UnscoredReason | None = None
    """Why there is no verdict."""
    detail: str | None = None
    """For a person: which call, which argument, what came and what was expected."""


class Case(Record):
    """One question of a suite, with what may be called and what would be right."""

    case_id: str
    suite: Suite
    category: str
    """What is counted together: a BFCL category, or a tier."""
    rule: str
    """BFCL category whose rules judge it, such as parallel_multiple."""
    code_language: CodeLanguage = "python"
    messages: tuple[dict[str, Any], ...]
    """OpenAI chat form."""
    functions: tuple[dict[str, Any], ...]
    """BFCL's form: name, description, parameters of type dict."""
    tools: tuple[dict[str, Any], ...]
    """OpenAI chat form: as offered to the model."""
    possible_answer: tuple[dict[str, Any], ...]
    """BFCL's form: one {function: {parameter: [allowed, …]}} for each expected call."""
    source: Literal["bfcl", "own"] = "bfcl"


class GivenCall(Record):
    """A call as the endpoint sent it."""

    name: str
    arguments: str
    """JSON text, or what came in its place."""


class Given(Record):
    """What came back for a case, before anybody reads it."""

    calls: tuple[GivenCall, ...] = ()
    text: str | None = None
    """The message's content."""
    error: str | None = None
    """Why there is no answer; a server's fault, never the model's."""


class Judgement(Record):
    """Everything that is said about one answer to one case."""

    outcome: Outcome
    calls: tuple[dict[str, Any], ...] | None
    """Decoded, [{name: {argument: value}}]; none where nothing could be decoded."""
    verdict: Verdict
    """By BFCL's rules; a server error has none."""
    bfcl_valid: bool | None
    """What BFCL would have given: it credits a server error as a refusal."""
    step: Step | None
    """Of a failure."""
    second: Verdict
    """The second opinion; never mixed into the first."""
    leniencies: tuple[Leniency, ...] = ()
    """What made the two differ."""

    @property
    def is_disputed(self) -> bool:
        """Whether the two opinions differ."""
        return self.verdict.valid != self.second.valid


class Sampling(Record):
    """How answers are drawn; what is none is left to the endpoint."""

    name: Literal["greedy", "sampled"]
    temperature: float
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None


GREEDY = Sampling(name="greedy", temperature=0.0)
SAMPLED = Sampling(name="sampled", temperature=0.7, top_p=0.8, top_k=20, repetition_penalty=1.1)
"""The reference's own, under which repeats differ by 2 to 3 points."""


class Score(Record):
    """One answer to one case, judged: a row of `core_scores`."""

    case_id: str
    suite: Suite
    category: str
    model: str
    mode: Mode
    sampling: str
    repeat: int = Field(ge=0)
    """Which of the independent draws."""
    valid: bool | None
    """The suite's verdict: the official harness's own in `bfcl`, BFCL's rules by our scorer in the others."""
    error_type: str | None
    reason: str | None
    """The error type without its prefix, or why there is no verdict."""
    outcome: Outcome | None
    """None where one word cannot say it: several turns."""
    step: Step | None
    detail: str | None
    our_valid: bool | None
    our_error_type: str | None
    our_reason: str | None = None
    """Why our scorer gives no verdict."""
    second_valid: bool | None
    is_disputed: bool
    leniencies: tuple[str, ...]
    bfcl_valid: bool | None
    """What BFCL gives: server errors credited as it credits them."""
    calls: str | None
    """Decoded, as JSON text."""
    raw: str | None
    """The answer as it came: the message, or the harness's result, as JSON text."""
    answer_id: str | None
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None


class Interval(Record):
    """95 % confidence interval of a share."""

    low: float
    high: float


class CategoryScore(Record):
    """One category of one model under one sampling."""

    category: str
    sampling: str
    cases: int
    repeats: int
    correct: int
    """Over all repeats."""
    unscored: int
    """Rows without a verdict, over all repeats; they count as not correct."""
    accuracy: float
    """Mean over repeats of correct / cases."""
    spread: float | None
    """Standard deviation over repeats; none with one."""
    interval: Interval
    bfcl_accuracy: float
    """What BFCL gives, server errors credited."""
    our_accuracy: float
    """By our scorer; the same as `accuracy` but in `bfcl`."""
    differences: int
    """Rows where our scorer and the official one differ: errors of ours."""
    second_accuracy: float
    disputed: int
    outcomes: dict[str, int]
    steps: dict[str, int]
    """Failures by the step at which to debug."""
    error_types: dict[str, int]
    latency_ms_median: float | None
    latency_ms_p95: float | None
    prompt_tokens: int
    completion_tokens: int


class Overall(Record):
    """BFCL's own summary, from what was run."""

    overall: float
    """Categories that were not run count 0, as on the leaderboard."""
    sub_overall: float | None
    """Over the groups and categories that were run alone, and a server's errors credited to nobody."""
    groups: dict[str, float | None]
    """non_live, live, irrelevance, multi_turn, agentic; none: nothing of it was run."""
    not_run: tuple[str, ...]
    table: tuple[dict[str, str], ...] = ()
    """The harness's own data_overall.csv."""


class ModelReport(Record):
    """One model's part of an evaluation."""

    model: str
    endpoint: str
    """Its address, or its folder."""
    mode: Mode
    left_out: tuple[str, ...]
    """Parameters that the endpoint does not know and was not sent."""
    categories: tuple[CategoryScore, ...]
    overall: Overall | None = None
    answers_new: int = 0
    answers_reused: int = 0
    """Stored by an earlier attempt at the same job."""


class PublishedScore(Record):
    """A figure from elsewhere, not measured here."""

    model: str
    scores_pct: dict[str, float]
    """By tier."""
    source: str


class Flip(Record):
    """A case whose verdict differs between two runs."""

    case_id: str
    category: str
    before: float
    """Share of repeats that were right."""
    after: float


class Comparison(Record):
    """Two runs, or two models of one run, over the cases that both have."""

    before: str
    after: str
    sampling: str
    """Of the answers compared: those of one prompt under two samplings are not two cases."""
    cases: int
    before_accuracy: float
    after_accuracy: float
    fixed: int
    """Cases that are right more often after: of several repeats in a larger share."""
    broken: int
    """Cases that are right less often after."""
    p_value: float
    """Exact paired test over the cases' shares, McNemar's with one repeat: the chance of so uneven flips by luck."""
    is_beyond_noise: bool
    """p_value < 0.05."""
    only_before: int
    only_after: int
    """Cases that only one of the two has; they are left out."""
    unscored_before: int = 0
    """Answers without a verdict, which count as not right."""
    unscored_after: int = 0
    flips: tuple[Flip, ...]


class EvaluationReport(Record):
    """What an evaluation comes to; `callmill evaluate --json` prints it and the HTML report shows it."""

    job_id: str
    run_id: str
    suite: Suite
    suite_version: str
    suite_hash: str
    models: tuple[ModelReport, ...]
    published: tuple[PublishedScore, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    """The first model against each other one."""
    notes: tuple[str, ...] = ()
    """What a reader must know before believing a number."""
    report_path: str
    seconds: float
    serve_seconds: float = 0.0
    """Of these: until the servers of folders answered."""
