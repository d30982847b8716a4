"""Spells a grammar in xgrammar's EBNF, so that its masks are quick: bounds on a string's length are loosened, and what
follows a string is read together with it.

    root ::= "{\\"city\\": \\"" text1 "}"        text1 ::= [^...]* "\\""
"""

from typing import NamedTuple

from serving.backends.continuations import sort_followers
from serving.backends.pruning import prune, recursive_rules
from serving.backends.units import inline_strings, is_unit, is_wide
from serving.grammar.language import CharSet, Choice, Grammar, Literal, Node, Reference, Repeat, Sequence, sequence

MOST_COUNTED = 3
"""Wide characters that are counted exactly where no quote follows. Per mask, 131k tokens: {0,4} 10 ms at worst, {0,8}
40 ms, {0,200} 560 ms, `*` 0.2 ms."""

SHARED_END = 4
"""Characters after a string that are read by the string's own rule. Tokens that hold a quote can then be judged when
the grammar is compiled (mask 0.004 ms instead of 0.17 ms), and strings with the same end still share one rule
(20 strings: 16 ms instead of 69 ms)."""

ENDS = ('", "', '": "', '": ', '", ', '"}')
"""Ends worth a rule of their own, the longest first."""


class Ebnf(NamedTuple):
    """A grammar as xgrammar reads it."""

    text: str
    is_exact: bool
    """False: a bound on a string's length was loosened."""


def spell_ebnf(grammar: Grammar) -> Ebnf:
    """Spell a grammar; its start rule is named root.

    Raises:
        BackendRefusalError: it holds no word.
    """
    pruned = prune(grammar)
    return _Speller(sort_followers(pruned, recursive_rules(pruned))).spell()


class _Speller:
    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._names = {grammar.start: "root"}
        self._used = [grammar.start]
        self._shared: dict[str, str] = {}
        self._is_exact = True

    def spell(self) -> Ebnf:
        lines = []
        for rule in self._used:  # grows while it is read: strings that were put in place elsewhere may not be needed
            lines.append(f"{self._names[rule]} ::= {self._spell(self._grammar.rules[rule])}")
        lines += [f"{name} ::= {body}" for body, name in self._shared.items()]
        return Ebnf("\n".join(lines) + "\n", self._is_exact)

    def _spell(self, node: Node) -> str:
        match node:
            case Literal(text=text):
                return f'"{"".join(map(_escape, text))}"'
            case CharSet(ranges=ranges):
                return "[" + "".join(_spell_range(*each) for each in ranges) + "]"
            case Reference(rule=rule):
                if rule not in self._names:
                    self._names[rule] = f"r{len(self._names)}"
                    self._used.append(rule)
                return self._names[rule]
            case Choice(options=options):
                return "(" + " | ".join(map(self._spell, options)) + ")"
            case Sequence():
                return self._spell_sequence(node)
            case Repeat():
                return self._spell_repeat(node, before_quote=False)

    def _spell_sequence(self, node: Sequence) -> str:
        flat = sequence(*(inline_strings(part, self._grammar) for part in node.parts))
        parts = list(flat.parts) if isinstance(flat, Sequence) else [flat]
        spelled: list[str] = []
        for place, part in enumerate(parts):
            after = parts[place + 1] if place + 1 < len(parts) else None
            if isinstance(part, Repeat) and isinstance(after, Literal) and self._is_text(part, after):
                cut = next((len(end) for end in ENDS if after.text.startswith(end)), 1)
                spelled.append(self._share(part, Literal(after.text[:cut])))
                parts[place + 1] = Literal(after.text[cut:])
            elif part != Literal("") or len(parts) == 1:
                spelled.append(self._spell(part))
        return "(" + " ".join(spelled) + ")"

    def _is_text(self, part: Repeat, after: Literal) -> bool:
        return after.text.startswith('"') and is_unit(part.body, self._grammar)

    def _share(self, text: Repeat, end: Literal) -> str:
        body = f"{self._spell_repeat(text, before_quote=True)} {self._spell(end)}"
        return self._shared.setdefault(body, f"text{len(self._shared)}")

    def _spell_repeat(self, node: Repeat, before_quote: bool) -> str:
        low, high = node.low, node.high
        most = 1 if before_quote else MOST_COUNTED
        if max(low, high or 0) > most and is_unit(node.body, self._grammar) and is_wide(node.body, self._grammar):
            low, high = min(low, 1), None
            self._is_exact = False
        body = self._spell(node.body)
        body = f"({body})" if isinstance(node.body, Repeat) else body
        signs = {(0, None): "*", (1, None): "+", (0, 1): "?"}
        return body + signs.get((low, high), f"{{{low},{'' if high is None else high}}}")


def _escape(char: str) -> str:
    if char.isascii() and (char.isalnum() or char in " _,:;"):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _spell_range(low: int, high: int) -> str:
    return _escape(chr(low)) if low == high else f"{_escape(chr(low))}-{_escape(chr(high))}"
