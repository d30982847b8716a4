"""The two rules without an answer: irrelevance wants no call, relevance wants one, any one."""

from eval.bfcl.findings import Finding


def check_relevance(rule: str, has_call: bool) -> Finding | None:
    """Judge whether there should have been a call.

    Args:
        rule: a category whose name contains irrelevance or relevance.
        has_call: something could be decoded and it is a list of at least one call.
    """
    if "irrelevance" in rule:
        return Finding("irrelevance_error:decoder_success", "Called although no function fits") if has_call else None
    return None if has_call else Finding("relevance_error:decoder_failed", "Did not call although a function fits")
