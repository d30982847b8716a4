"""Any chat set becomes a data set of chat: one form, the languages asked for, everything left out counted."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from schemas.chat_data import Chat, RowsManifest
from schemas.errors import UsageError
from tasks.chat_data import make_chat_data, parse_languages
from tasks.chat_language import decide_language, language_told
from tasks.clean_chats import read_chat, read_question
from tasks.read_chats import RawRow, find_chat_files, read_rows
from tests.tasks.chat_rows import Row, openai, shared, wild, write_lines
from training.rows import find_files, read_conversations


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def clean(row: Any) -> Any:
    """The chat, or the reason why there is none."""
    return read_chat(RawRow("rows.jsonl", 0, row), ("en", "zh"))


@pytest.mark.parametrize(
    "row",
    [
        wild("What is a fjord?", "A long inlet."),
        shared("What is a fjord?", "A long inlet."),
        openai("What is a fjord?", "A long inlet."),
        openai("What is a fjord?", "A long inlet.")["messages"],
        {"messages": json.dumps(openai("What is a fjord?", "A long inlet.")["messages"])},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": " What is a fjord? "}]},
                      {"role": "assistant", "content": "A long inlet."}]},
    ],
)  # fmt: skip
def test_every_form_becomes_the_same_messages(row: Any) -> None:
    chat = clean(row)
    assert isinstance(chat, Chat)
    assert [(each.role, each.content) for each in chat.messages] == [
        ("user", "What is a fjord?"), ("assistant", "A long inlet."),
    ]  # fmt: skip
    assert chat.language == "en"


def test_a_system_prompt_leads_whether_it_is_a_turn_or_a_column() -> None:
    column = clean(shared("Hi there", "Arr!", system_prompt="You are a pirate."))
    turn = clean(
        {"messages": [{"role": "developer", "content": "You are a pirate."}, *openai("Hi there", "Arr!")["messages"]]}
    )
    assert [each.role for each in column.messages] == ["system", "user", "assistant"]
    assert column.messages == turn.messages
    assert column.chat_id == turn.chat_id


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (None, "not_json"),
        ({"text": "once upon a time"}, "no_messages"),
        ({"messages": []}, "no_messages"),
        ({"messages": [{"role": "narrator", "content": "It rains."}]}, "unknown_role"),
        (openai("Hi", "Hello", tools=[{"type": "function"}]), "has_calls"),
        ({"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "{}"}]}, "has_calls"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "not_text"),
        (openai("Hi", "  "), "empty_turn"),
        (openai("Hi"), "broken_turns"),
        (openai("Hi", "Hello", "And?"), "broken_turns"),
        ({"messages": [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "x"}]}, "broken_turns"),
        (wild("Bad words", "No", toxic=True), "toxic"),
        (wild("Bad words", "No", openai_moderation=[{"flagged": True}]), "toxic"),
        (wild("My address is …", "Ok", redacted=True), "redacted"),
        ({"messages": [{"role": "user", "content": "x", "redacted": True}]}, "redacted"),
        (wild("Hola", "Buenas", language="Spanish"), "other_language"),
        (openai("Wie ist das Wetter heute in der Stadt?", "Es ist nicht gut."), "other_language"),
        (openai("今日の天気はどうですか", "晴れです"), "other_language"),
    ],
)
def test_what_is_left_out_has_a_reason(row: Any, reason: str) -> None:
    assert clean(row) == reason


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("English", "x", "en"), ("Chinese", "x", "zh"), ("zh-CN", "x", "zh"), ("en_US", "x", "en"),
        ("Chinese (Traditional)", "x", "zh"), ("Klingon", "the of and", None),
        (None, "How do I bake bread?", "en"), ("unknown", "怎么烤面包", "zh"), ("", "2 + 2", "en"),
        (None, "Comment est-ce que je fais du pain avec une machine ?", None),
        (None, "¿Cómo se hace el pan en las casas?", None), (None, "Как испечь хлеб?", None),
        (None, "Explain this:\n```python\nfor der in die: print(das)\n```", "en"),
        (None, "请解释 the following Python code 是什么意思,谢谢你了", "zh"),
    ],
)  # fmt: skip
def test_the_set_names_the_language_or_else_the_words_do(name: str | None, text: str, language: str | None) -> None:
    assert decide_language(name, [text]) == language


def test_code_has_no_say_in_the_language() -> None:
    assert language_told(["怎么用？```def main(): return the_value_of_everything```"]) == "zh"


def test_questions_need_no_answers() -> None:
    row = RawRow("r", 3, openai("First?", "old", "Second?"))
    assert read_question(row, ("en",), "first").questions == ("First?",)  # type: ignore[union-attr]
    assert read_question(row, ("en",), "all").questions == ("First?", "Second?")  # type: ignore[union-attr]
    assert read_question(row, ("zh",), "all") == "other_language"


FORMS = ("lines", "gz", "json", "parquet", "dataset")


def write_form(folder: Path, form: str, rows: list[Row]) -> Path:
    folder.mkdir()
    if form == "lines":
        return write_lines(folder / "rows.jsonl", rows)
    if form == "gz":
        path = folder / "rows.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
        return path
    if form == "json":
        (folder / "rows.json").write_text(json.dumps(rows))
        return folder / "rows.json"
    if form == "parquet":
        pl.DataFrame(rows).write_parquet(folder / "part.parquet")
        return folder
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict({"train": datasets.Dataset.from_list(rows)}).save_to_disk(folder / "set")
    return folder / "set"


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, form: str) -> None:
    rows = [wild("What is a fjord?", "An inlet."), wild("And a delta?", "A river's mouth.")]
    path = write_form(tmp_path / form, form, rows)
    read = [read_chat(row, ("en",)) for row in read_rows(find_chat_files([path]))]
    assert [chat.messages[1].content for chat in read if isinstance(chat, Chat)] == ["An inlet.", "A river's mouth."]


def test_a_folder_is_written_that_training_reads(tmp_path: Path, home: Path) -> None:
    rows = [wild("Hello you", "Hi."), wild("Hello you", "Hi."), openai("你好吗", "很好。"), {"no": "chat"}]
    path = write_lines(tmp_path / "rows.jsonl", rows)
    report = make_chat_data([str(path)], "en,zh", None, str(tmp_path / "out"))
    assert (report.read, report.written, report.languages) == (4, 2, {"en": 1, "zh": 1})
    assert {one.reason: one.rows for one in report.left_out} == {"duplicate": 1, "no_messages": 1}
    learnt = list(read_conversations(find_files(tmp_path / "out")))
    assert [each.messages[-1]["content"] for each in learnt] == ["Hi.", "很好。"]
    assert all(each.tools == [] for each in learnt)
    manifest = RowsManifest.model_validate_json((tmp_path / "out" / "manifest.json").read_bytes())
    assert (manifest.rows, manifest.kinds, manifest.job_id) == (2, {"chat": 2}, report.job_id)
    lines = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    assert [(line["tools"], line["made_from"], line["written_by"]) for line in lines] == [
        ([], ["rows.jsonl:0"], ["m-1"]), ([], ["rows.jsonl:2"], []),
    ]  # fmt: skip
    again = make_chat_data([str(path)], "zh,en", None, str(tmp_path / "out"))
    assert again.job_id == report.job_id
    parquet = pl.read_parquet(tmp_path / "out" / "data" / "*.parquet")
    assert set(parquet.dtypes) == {pl.String}


def test_the_limit_ends_the_reading(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [openai(f"Question {place}", "Yes.") for place in range(9)])
    report = make_chat_data([str(path)], "en", 3, str(tmp_path / "out"))
    assert (report.read, report.written) == (3, 3)
    rest = make_chat_data([str(path)], "en", None, str(tmp_path / "rest"), skip=3)
    assert (rest.read, rest.written) == (9, 6)
    sets = [{row["sample_id"] for row in pl.read_parquet(tmp_path / name / "data" / "*.parquet").to_dicts()}
            for name in ("out", "rest")]  # fmt: skip
    assert not sets[0] & sets[1]


def test_nothing_is_written_where_no_row_is_left(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [{"text": "x"}])
    assert make_chat_data([str(path)], "en", None, str(tmp_path / "out")).dataset_path is None
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", ["fr", "", "en,fr"])
def test_an_unknown_language_is_named(words: str) -> None:
    with pytest.raises(UsageError, match="is not one of en, zh"):
        parse_languages(words)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hi")
    with pytest.raises(UsageError, match="no form that can be read"):
        find_chat_files([tmp_path / "notes.txt"])
    with pytest.raises(UsageError, match="holds no chat set"):
        find_chat_files([tmp_path])
    pl.DataFrame({"text": ["x"]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(UsageError, match="has the columns text; expected one of messages"):
        list(read_rows([tmp_path / "x.parquet"]))


def test_json_lines_under_another_name_keep_every_row(tmp_path: Path) -> None:
    """Some line ends of Unicode's may stand inside a JSON string."""
    answers = ["One\u2028two.", "One\u2029two.", "One\x85two."]
    path = write_lines(tmp_path / "rows.json", [openai("Say it.", answer) for answer in answers])
    read = [clean(row.value) for row in read_rows([path])]
    assert [chat.messages[1].content for chat in read] == answers


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.jsonl.gz"])
def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path, name: str) -> None:
    text = json.dumps(openai("Hi", "Hello")).encode("utf-8-sig")
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (row,) = read_rows([tmp_path / name])
    assert isinstance(clean(row.value), Chat)


def test_a_limit_counts_in_the_order_of_the_files_so_another_order_is_another_job(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "a.jsonl", [openai("Question a", "Yes.")])
    second = write_lines(tmp_path / "b.jsonl", [openai("Question b", "Yes.")])
    reports = [
        make_chat_data([str(path) for path in paths], "en", 1, None)
        for paths in ((first, second), (second, first), (first, second))
    ]
    assert reports[0].job_id == reports[2].job_id != reports[1].job_id
    assert reports[0].dataset_path != reports[1].dataset_path
