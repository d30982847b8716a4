// The case browser: filters live in the address (#model=…&verdict=wrong), rows are made a page at a time, a row's
// inside when it is opened. Everything from a model goes in as text, never as markup.
"use strict";
(function () {
  const PAGE = 50;
  const FILTERS = ["model", "category", "sampling", "verdict", "step", "outcome", "text"];
  const LENIENCIES = {
    optimal_matching: "the best matching of calls",
    integer_in_float_list: "whole numbers among floats",
    default_given: "an argument that repeats the default",
  };
  const byId = (id) => document.getElementById(id);
  const { rows, cases: caseList, documents } = JSON.parse(byId("data").textContent);
  const cases = new Map(Object.entries(caseList));
  const form = byId("filters");
  const haystacks = new Map();
  let state = null;
  let found = [];
  let page = 0;

  function element(tag, properties, ...children) {
    const made = document.createElement(tag);
    Object.assign(made, properties);
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const isCalls = (value) => Array.isArray(value) && value.every((call) => isObject(call) && Object.values(call).every(isObject));

  function writeCalls(text, writeValue) {
    const calls = parsed(text);
    if (!isCalls(calls)) return pretty(text);
    return calls.flatMap((call) => Object.entries(call).map(([name, values]) => {
      const lines = Object.entries(values).map(([argument, value]) => `  ${argument} = ${writeValue(value)}`);
      return lines.length ? `${name}(\n${lines.join("\n")}\n)` : `${name}()`;
    })).join("\n");
  }

  function allowed(values) {
    if (!Array.isArray(values)) return JSON.stringify(values);
    const words = values.filter((value) => value !== "").map((value) => JSON.stringify(value));
    if (values.includes("")) words.push("left out");
    return words.join("  or  ") || "nothing";
  }

  const wordsFor = (name, value) => [...form.elements[name].options].find((option) => option.value === value)?.text || value;
  const verdictOf = (row) => (row.valid === null ? "none" : row.valid ? "right" : "wrong");
  const MARKS = { right: "✓ right", wrong: "✗ wrong", none: "? no verdict" };

  function haystack(row) {
    if (!haystacks.has(row)) {
      const asked = cases.get(row.case);
      const words = [row.case, row.detail, row.error_type, row.reason, row.calls, row.raw, asked && asked.expected];
      if (asked) words.push(...asked.messages.map((message) => message.content));
      haystacks.set(row, words.filter(Boolean).join("\n").toLowerCase());
    }
    return haystacks.get(row);
  }

  function fits(row, wanted) {
    for (const name of ["case", "model", "category", "sampling", "step", "outcome"]) {
      if (wanted[name] && row[name] !== wanted[name]) return false;
    }
    if (wanted.verdict === "disputed" ? !row.disputed : wanted.verdict && verdictOf(row) !== wanted.verdict) return false;
    return !wanted.text || haystack(row).includes(wanted.text.toLowerCase());
  }

  function block(title, text, isOpen, className = "") {
    if (text === null || text === undefined || text === "") return null;
    const pre = element("pre", { tabIndex: 0, className }, text);
    pre.setAttribute("aria-label", title);
    if (isOpen) return element("div", { className: "block" }, element("h4", {}, title), pre);
    return element("details", { className: "block" }, element("summary", {}, title), pre);
  }

  function opinion(title, verdict, ...rest) {
    const words = element("p", { className: `mark ${verdict}` }, MARKS[verdict]);
    return element("div", { className: "block" }, element("h4", {}, title), words, ...rest);
  }

  function describe(row) {
    const inside = element("div", { className: "inside" });
    const asked = cases.get(row.case);
    if (asked) {
      for (const message of asked.messages) {
        inside.append(block(message.role === "user" ? "Question" : message.role, message.content, true, "said") || "");
      }
      const tools = asked.documents.map((place) => {
        const tool = parsed(documents[place]) || {};
        return block(tool.name ? `${tool.name}: ${String(tool.description || "").slice(0, 160)}` : "a function", pretty(documents[place]), false);
      });
      inside.append(element("div", { className: "block" }, element("h4", {}, `Functions offered: ${tools.length}`), ...tools));
    } else {
      inside.append(element("p", { className: "quiet" }, "The question is not in this page; the warehouse may hold it."));
    }
    const hasAnswer = asked && asked.expected !== "[]";
    const expected = hasAnswer ? writeCalls(asked.expected, allowed) : asked ? (/irrelevance/.test(asked.rule) ? "no call" : "not in this page") : null;
    const given = row.calls ? writeCalls(row.calls, (value) => JSON.stringify(value)) : "no readable call";
    inside.append(element("div", { className: "pair" }, block("Expected", expected, true), block("Given", given || "no call", true)));
    const reason = [row.error_type || row.reason, row.detail].filter(Boolean).join("\n");
    const lenient = (row.leniencies || []).map((name) => LENIENCIES[name] || name).join(", ");
    const second = row.second_valid === undefined ? "none" : row.second_valid ? "right" : "wrong";
    inside.append(element("div", { className: "pair" },
      opinion("Verdict", verdictOf(row), reason ? element("pre", { tabIndex: 0 }, reason) : null),
      opinion("Second opinion", second, element("p", { className: "quiet" }, row.disputed ? `disputed${lenient ? `: lets pass ${lenient}` : ""}` : "agrees"))));
    inside.append(block("The answer as it came", row.raw && pretty(row.raw), false) || "");
    const others = rows.filter((other) => other !== row && other.case === row.case && other.category === row.category);
    if (others.length) {
      const list = others.map((other) => element("li", {}, `${MARKS[verdictOf(other)]}: ${other.model}, ${other.sampling}, repeat ${other.repeat + 1}`));
      const link = element("a", { href: `#${new URLSearchParams({ case: row.case, category: row.category })}` }, "show side by side");
      inside.append(element("div", { className: "block" },
        element("h4", {}, "The same case elsewhere"),
        element("ul", { className: "plain" }, ...list),
        state.case ? null : element("p", { className: "quiet" }, link)));
    }
    const facts = [];
    if (row.latency_ms !== undefined) facts.push(`${Math.round(row.latency_ms).toLocaleString("en")} ms`);
    if (row.prompt_tokens !== undefined) facts.push(`${row.prompt_tokens.toLocaleString("en")} tokens in, ${(row.completion_tokens || 0).toLocaleString("en")} out`);
    if (row.bfcl_valid && !row.valid) facts.push("BFCL credits this as right");
    if (facts.length) inside.append(element("p", { className: "quiet" }, facts.join(" · ")));
    return inside;
  }

  function item(row, isOpen) {
    const verdict = verdictOf(row);
    const asked = cases.get(row.case);
    const last = asked && asked.messages.filter((message) => message.role === "user").pop();
    const line = element("summary", {},
      element("span", { className: `mark ${verdict}` }, MARKS[verdict]),
      element("code", {}, row.case),
      element("span", { className: "question" }, last ? last.content.slice(0, 200) : ""),
      element("span", { className: "tags" }, [row.model, row.category, wordsFor("step", row.step), row.disputed ? "disputed" : ""].filter(Boolean).join(" · ")));
    const details = element("details", {}, line);
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(describe(row));
    });
    details.open = isOpen;
    return element("li", {}, details);
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const part = found.slice(page * PAGE, (page + 1) * PAGE);
    byId("rows").replaceChildren(...part.map((row) => item(row, Boolean(state.case) && found.length <= 10)));
    byId("rows").start = page * PAGE + 1;
    byId("found").textContent = found.length ? `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} answers` : `No answer of ${rows.length.toLocaleString("en")} fits; clear a filter.`;
    byId("page").textContent = `page ${page + 1} of ${pages}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page >= pages - 1;
    byId("only-case").textContent = state.case ? ` · only case ${state.case}` : "";
  }

  function readAddress() {
    const words = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    return Object.fromEntries([...FILTERS, "case"].map((name) => [name, words.get(name) || ""]));
  }

  function writeAddress() {
    const words = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
    location.replace(`#${String(words) || "all="}`);
  }

  function apply(wanted) {
    state = wanted;
    page = 0;
    found = rows.filter((row) => fits(row, state));
    for (const name of FILTERS) form.elements[name].value = state[name];
    show();
  }

  function fill(name, values) {
    const select = form.elements[name];
    select.append(...values.map((value) => element("option", { value }, value)));
    select.parentElement.hidden = values.length < 2;
  }

  for (const name of ["model", "category", "sampling"]) fill(name, [...new Set(rows.map((row) => row[name]))]);

  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      apply({ ...Object.fromEntries(FILTERS.map((name) => [name, form.elements[name].value])), case: "" });
      writeAddress();
    }, 150);
  });
  byId("reset").addEventListener("click", () => {
    apply(Object.fromEntries([...FILTERS, "case"].map((name) => [name, ""])));
    writeAddress();
  });
  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    byId(id).addEventListener("click", () => {
      page += step;
      show();
      byId("cases").scrollIntoView();
    });
  }
  function followAddress() {
    if (!location.hash.includes("=")) return;
    const wanted = readAddress();
    if (JSON.stringify(wanted) === JSON.stringify(state)) return;
    apply(wanted);
    byId("cases").scrollIntoView();
    byId("cases-title").focus({ preventScroll: true });
  }
  window.addEventListener("hashchange", followAddress);
  apply(readAddress());
  if (location.hash.includes("=")) byId("cases").scrollIntoView();
})();
