"""Chat data by the teacher: the questions of a chat set, answered anew."""

import asyncio

from prefect import flow

from schemas.chat_data import ChatSynthReport, ChatTurns, describe_chat_options
from schemas.function import Language
from tasks.synth_chat import accept_chats, answer_candidates, rounds
from tasks.synth_chat_report import export_chats, report_chats
from tasks.synth_chat_run import choose_questions, open_synth_chat


@flow(name="synth-chat", flow_run_name="{samples} conversations, seed {seed}", persist_result=False)
async def synth_chat(
    chats: list[str],
    samples: int = 500,
    language: Language | None = None,
    turns: ChatTurns = "first",
    seed: int = 0,
    occurrence: str | None = None,
    budget_usd: float | None = None,
    out: str | None = None,
) -> ChatSynthReport:
    """Make exactly `samples` conversations whose answers the teacher wrote.

    Args:
        chats: files and folders of conversations; their answers are not used.
        samples: how many conversations to end with.
        language: of the questions; none: English and Chinese.
        turns: answer the first question of each row, or all of them in order.
        seed: another seed, other questions.
        occurrence: makes this a new job each time it changes; a deployment's run takes its scheduled date.
        budget_usd: stop before spending more on this job.
        out: folder of the data set; none: below the home folder.

    Raises:
        FellShortError: fewer than `samples` were accepted; what there is has been exported.
    """
    options = describe_chat_options(samples, language, turns, seed)
    questions = await asyncio.to_thread(choose_questions, chats, options)
    async with open_synth_chat(options, questions, occurrence, budget_usd) as run:
        with run.until_budget():
            for candidates in rounds(run):
                await answer_candidates(run, candidates)
        accepted = await accept_chats(run)
        dataset_path = await export_chats(run, accepted, out)
        return await report_chats(run, accepted, dataset_path)
