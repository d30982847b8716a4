"""What a person sees of chat data and long rows on a terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.chat_data import ChatDataReport, ChatSynthReport, LeftOut, LongRowsReport


def print_chat_data(report: ChatDataReport) -> None:
    """Rows kept and left out."""
    _print(
        "Chat data",
        {
            "read": f"{report.read:,} rows of {report.files} files",
            "written": f"{report.written:,} ({_join(report.languages)})",
            **_left_out(report.left_out),
            "data set": report.dataset_path or "none: no row was left",
        },
    )


def print_chat_synth(report: ChatSynthReport) -> None:
    """Questions answered anew: how many, by whom, at what cost."""
    _print(
        "Chat answered anew",
        {
            "accepted": f"{report.accepted:,} of {report.wanted:,} wanted",
            "candidates": f"{report.candidates:,} tried of {report.questions:,} questions",
            **{f"rejected: {reason}": f"{count:,}" for reason, count in report.rejected.items()},
            **_left_out(report.left_out),
            "written by": _join(report.written_by),
            "answers": f"{report.answers_new:,} new, {report.answers_reused:,} reused",
            "tokens": f"{report.prompt_tokens:,} in, {report.completion_tokens:,} out",
            "cost": "unknown: no price is set" if report.cost_usd is None else f"{report.cost_usd:.4f} USD",
            "seconds": f"{report.seconds:,.1f}",
            "data set": report.dataset_path or "none: nothing was accepted",
        },
    )


def print_long_rows(report: LongRowsReport) -> None:
    """How many, and how long they are."""
    _print(
        "Long rows",
        {
            "written": f"{report.written:,} of {report.wanted:,} wanted ({_join(report.languages)})",
            "tokens": f"{_join(report.tokens)}, counted by {report.counted_by}",
            **{f"left out: {reason}": f"{count:,}" for reason, count in report.left_out.items()},
            "data set": report.dataset_path or "none: no row could be made",
        },
    )


def _print(title: str, facts: Mapping[str, str]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in facts.items():
        table.add_row(name, escape(value))
    Console(highlight=False).print(table)


def _join(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "nothing"


def _left_out(rows: tuple[LeftOut, ...]) -> dict[str, str]:
    return {f"left out: {one.reason}": f"{one.rows:,}" for one in rows}
