"""The HTML page in a real browser: every answer can be found, nothing is fetched, nothing hostile comes alive."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval.report.page import write_report
from schemas.evaluation import EvaluationReport, Score
from tests.eval.made_up import (
    HOSTILE,
    case,
    cases_of,
    draw_scores,
    evaluation,
    model_report,
    overall,
    score,
    tier_figures,
)

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs chromium or google-chrome on the path")
CATEGORIES = {"simple_python": 60, "parallel": 40, "irrelevance": 30}
HOSTILE_MODEL = f"model-b {HOSTILE}"


def full_report(scores: list[Score]) -> EvaluationReport:
    """A report with every part that a page can have."""
    report = evaluation(scores, notes=(f"A note {HOSTILE}",), published=tier_figures())
    first, *others = report.models
    changed = first.model_copy(update={"overall": overall(), "left_out": ("top_k",)})
    return report.model_copy(update={"models": (changed, *others)})


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with two models, 263 answers, and hostile text wherever text can stand."""
    scores = draw_scores("model-a", CATEGORIES, 0.7, seed=1) + draw_scores(HOSTILE_MODEL, CATEGORIES, 0.8, seed=2)
    bad = {"case_id": "hostile_0", "valid": False, "detail": HOSTILE, "calls": HOSTILE, "raw": HOSTILE}
    scores += [score(**bad), score(case_id="no_case", valid=None, reason="bad_output", our_valid=None)]
    scores.append(score(case_id="long", raw="x" * 5000, valid=False, step="form", calls=None))
    cases = cases_of(scores[:-3]) | {"hostile_0": case("hostile_0", messages=({"role": "user", "content": HOSTILE},))}
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    write_report(full_report(scores), scores, cases, path)
    return path


def look(page: Path, view: str = "") -> str:
    """The page's elements after its script ran; a complaint of the browser is a failure."""
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom",
        f"--user-data-dir={page.parent / 'browser'}", "--virtual-time-budget=2000", f"{page.as_uri()}{view}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in done.stderr
    assert "<title>broken" not in done.stdout
    return done.stdout


class _Addresses(HTMLParser):
    """Whatever a browser would fetch, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]


def found(dom: str) -> str:
    """What the page says it found."""
    match = re.search(r'id="found"[^>]*>([^<]*)<', dom)
    assert match
    return match[1]


def test_the_page_fetches_nothing(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    addresses = _Addresses()
    addresses.feed(text)
    assert all(address.startswith("#") for address in addresses.found)
    assert not addresses.tags & {"img", "link", "iframe", "object", "base"}
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|https?://(?!127\.0\.0\.1:8000)", text)
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in text


def test_hostile_text_ends_no_script_and_no_template(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("</script") == 2
    assert "<script>document" not in text
    assert "<img" not in text
    assert "{{ 7 * 7 }}" in text
    assert "\ufffd" in text  # half a pair, which UTF-8 cannot hold


def test_the_page_replaces_an_earlier_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(evaluation([score()]), [score()], None, path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


def test_the_numbers_stand_in_the_page_without_any_script(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words in (
        "cases right (95",
        "Where failures start",
        "Honest refusal",
        "BFCL overall",
        "live_simple, multi_turn_base",
        "noise</b>",
        "Flipped cases",
        "the endpoint does not know top_k",
        "answers have no verdict",
        "answers of model-a have no verdict and count as not right here",
    ):
        assert words in text, words


def test_published_figures_are_marked(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    scores = draw_scores("model-a", {"simple": 20, "medium": 10}, 0.9, repeats=3)
    write_report(evaluation(scores, suite="tiers", published=tier_figures()), scores, None, path)
    text = path.read_text(encoding="utf-8")
    assert text.count("published, not measured here") == 2
    assert "Elsewhere-1 (published)" in text
    assert "spread" in text
    assert ">88.0<" not in text  # hard was not measured: nothing to compare with


def test_a_server_that_never_answered_is_the_headline(tmp_path: Path) -> None:
    scores = [score(category="irrelevance", valid=None, reason="server_error", outcome="server_error", bfcl_valid=True)]
    write_report(evaluation(scores), scores, None, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>model-a answered nothing: all 1 requests failed at the server.</h1>" in text
    assert 'class="alarm total" role="alert"' in text
    assert "BFCL would credit 1 of them" in text


def test_an_evaluation_of_nothing_is_a_page_too(tmp_path: Path) -> None:
    for models in ((), (model_report("model-a", []),)):
        write_report(evaluation([], models=models), [], None, tmp_path / "report.html")
        assert "Nothing was evaluated." in (tmp_path / "report.html").read_text(encoding="utf-8")


@needs_browser
def test_answers_are_listed_a_page_at_a_time(page: Path) -> None:
    dom = look(page)
    assert found(dom) == "263 of 263 answers"
    assert dom.count('<span class="mark') == 50
    assert "page 1 of 6" in dom


@needs_browser
def test_the_address_filters(page: Path) -> None:
    dom = look(page, "#model=model-a&verdict=wrong&category=parallel&text=PARALLEL_1")
    listed = re.findall(r'<code>(.*?)</code><span class="question"', dom)
    assert listed
    assert all(case_id.startswith("parallel_1") for case_id in listed)
    assert found(dom) == f"{len(listed)} of 263 answers"
    assert dom.count('<span class="mark wrong">✗ wrong') == len(listed)


@needs_browser
def test_a_linked_case_is_open_and_hostile_text_is_text(page: Path) -> None:
    dom = look(page, "#case=hostile_0")
    assert "1 of 263 answers" in found(dom)
    assert dom.count("&lt;/script&gt;&lt;script&gt;document.title='broken'") >= 4  # question, given, detail, raw
    assert "area: Area of a square." in dom
    assert 'unit = "cm"  or  left out' in dom


@needs_browser
def test_a_case_that_is_not_there_and_a_cut_answer_say_so(page: Path) -> None:
    dom = look(page, "#case=long")
    assert "[cut here: 2,000 of 5,000 characters; the rest is in the warehouse]" in dom
    assert "The question is not in this page" in dom
    assert "no readable call" in dom


@needs_browser
def test_controls_filter_turn_pages_and_write_the_address(page: Path) -> None:
    """Driven as a person would: choose, turn the page, open a row."""
    driver = """<script>
      const wait = (ms) => new Promise((done) => setTimeout(done, ms));
      (async () => {
        document.querySelector("#next").click();
        document.body.dataset.page = document.querySelector("#page").textContent;
        const step = document.querySelector("[name=step]");
        step.value = "value";
        step.dispatchEvent(new Event("input", { bubbles: true }));
        await wait(400);
        document.body.dataset.address = location.hash;
        document.body.dataset.tags = document.querySelector(".tags").textContent;
        document.querySelector("#rows details").open = true;
        await wait(100);
        document.body.dataset.opened = document.querySelector("#rows .inside h4").textContent;
      })();
    </script></body>"""
    driven = page.with_name("driven.html")
    driven.write_text(page.read_text(encoding="utf-8").replace("</body>", driver), encoding="utf-8")
    dom = look(driven)
    assert 'data-page="page 2 of 6"' in dom
    assert 'data-address="#step=value"' in dom
    assert re.search(r'data-tags="[^"]*wrong value', dom)
    assert 'data-opened="Question"' in dom


@needs_browser
def test_a_script_error_would_be_noticed(page: Path) -> None:
    broken = page.with_name("broken.html")
    broken.write_text("<script>nowhere()</script>", encoding="utf-8")
    with pytest.raises(AssertionError, match="CONSOLE"):
        look(broken)
