"""One chat answered anew and accepted, one whose answer was cut off."""

from schemas.chat_data import ChatAcceptance, ChatAnswer, ChatSample
from schemas.record import Record


def small_chats(answer_id: str) -> list[Record]:
    """What a `synth --chat` job would store besides requests and answers."""
    question = {"role": "user", "content": "How are you?"}
    known = {"question_id": "q1", "language": "en", "source": "chats.jsonl", "answer_ids": (answer_id,)}
    good = ChatSample(
        sample_id="chat-1", index=0, source_row=4, messages=(question, {"role": "assistant", "content": "Well."}),
        written_by=("tester-1",), state="passed", **known,
    )  # fmt: skip
    cut = ChatSample(
        sample_id="chat-2", index=1, source_row=2, messages=(), written_by=("tester-1",), state="rejected",
        reason="cut_off", **known,
    )  # fmt: skip
    answers = [
        ChatAnswer(
            sample_id=sample.sample_id, turn=0, question="How are you?", answer="Well.", written_by="tester-1",
            reason=sample.reason, answer_ids=(answer_id,),
        )
        for sample in (good, cut)
    ]  # fmt: skip
    accepted = ChatAcceptance(sample_id="chat-1", position=0, accepted_at="2026-03-01T02:00:30+00:00")
    return [good, cut, *answers, accepted]
