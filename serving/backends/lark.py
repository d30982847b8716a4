"""Spells a grammar in llguidance's Lark.

A grammar without recursion becomes one terminal, a regular expression that its lexer reads exactly. A recursive one
becomes rules over terminals, and there the lexer takes the longest match, so terminals must be such that the longest is
the right one: JSON's own lexemes where the grammar divides into them, single characters otherwise.
"""

from collections.abc import Callable
from functools import partial

from serving.backends.lexemes import Lexemes, Place
from serving.backends.pruning import prune, recursive_rules, references
from serving.grammar.language import CharSet, Choice, Grammar, Literal, Node, Reference, Repeat, Sequence

OPTIONS = '%llguidance {"no_forcing": true}\n'
"""Without it a text that is sure to come is tokenised, and only those tokens are allowed."""


MOST_NESTED = 10
"""Brackets within brackets before a terminal gets a name: the library reads about 80 levels."""


class NoLexemesError(Exception):
    """The grammar does not divide into JSON's lexemes."""


def spell_lark(grammar: Grammar) -> str:
    """Spell a grammar.

    Raises:
        BackendRefusalError: it holds no word.
    """
    grammar = prune(grammar)
    if not recursive_rules(grammar):
        speller = _Speller(grammar)
        return OPTIONS + f"start: {speller.named(grammar.start)}\n" + speller.definitions()
    try:
        return OPTIONS + _LexemeSpeller(grammar).spell()
    except NoLexemesError:
        return OPTIONS + _CharacterSpeller(grammar).spell()


class _Speller:
    """Terminals: names in capitals, each a regular expression; equal ones share a name."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.recursive = recursive_rules(grammar)
        self._terminals: dict[str, str] = {}
        self._by_rule: dict[str, str] = {}
        self._unspelled: list[str] = []
        self._rules: dict[str, str] = {}
        self._names = {rule: f"r{place}" for place, rule in enumerate(grammar.rules)}

    def spell(self) -> str:
        """The whole of a recursive grammar."""
        start = self.rule(self.grammar.start)
        return (
            f"start: {start}\n"
            + "".join(f"{name}: {body}\n" for name, body in self._rules.items())
            + self.definitions()
        )

    def definitions(self) -> str:
        """The lines that say what the terminals are."""
        named = {}
        while self._unspelled:
            rule = self._unspelled.pop()
            named[self.named(rule)] = self._pattern(self.grammar.rules[rule])
        lines = "".join(f"{name}: {body}\n" for name, body in named.items())
        return lines + "".join(f"{name}: {body}\n" for body, name in self._terminals.items())

    def rule(self, rule: str) -> str:
        """The name of a rule, which is spelled when first named."""
        name = self._names[rule]
        if name not in self._rules:
            self._rules[name] = ""
            self._rules[name] = self.expression(self.grammar.rules[rule])
        return name

    def expression(self, node: Node) -> str:
        """A node as the body of a rule."""
        match node:
            case Choice(options=options):
                return spell_choice(options, self.expression)
            case Repeat(body=body):
                return f"({self.expression(body)}){spell_count(node)}"
            case Sequence(parts=parts):
                return "(" + " ".join(map(self.expression, parts)) + ")"
            case Reference(rule=rule):
                return self.rule(rule)
            case _:
                return self.terminal(node)

    def terminal(self, node: Node) -> str:
        """A node as a terminal of its own, whatever it holds; not recursive."""
        body = self._pattern(node)
        return self._terminals.setdefault(body, f"T{len(self._terminals)}")

    def named(self, rule: str) -> str:
        """The terminal of a rule; spelled later, so that long chains of rules cost no depth."""
        if rule not in self._by_rule:
            self._by_rule[rule] = self._names[rule].upper()
            self._unspelled.append(rule)
        return self._by_rule[rule]

    def _pattern(self, node: Node, depth: int = 0) -> str:
        if depth > MOST_NESTED:
            return self.terminal(node)
        inner = partial(self._pattern, depth=depth + 1)
        match node:
            case Literal(text=text):
                return f"/{''.join(map(_escape, text))}/" if text else '""'
            case CharSet(ranges=ranges):
                return f"/[{''.join(f'{_escape(chr(low))}-{_escape(chr(high))}' for low, high in ranges)}]/"
            case Reference(rule=rule):
                return self.named(rule)
            case Choice(options=options):
                return spell_choice(options, inner)
            case Sequence(parts=parts):
                return "(" + " ".join(map(inner, parts)) + ")"
            case Repeat(body=body):
                return f"({inner(body)}){spell_count(node)}"


class _CharacterSpeller(_Speller):
    """Every terminal is a single character: always right, and slow."""

    def expression(self, node: Node) -> str:
        """A node as the body of a rule."""
        if isinstance(node, Literal) and len(node.text) > 1:
            return "(" + " ".join(self.terminal(Literal(char)) for char in node.text) + ")"
        return super().expression(node)


class _LexemeSpeller(_Speller):
    """Every terminal is one of JSON's lexemes."""

    def __init__(self, grammar: Grammar) -> None:
        super().__init__(grammar)
        self.lexemes = Lexemes(grammar)

    def expression(self, node: Node) -> str:
        """A node as the body of a rule.

        Raises:
            NoLexemesError: a lexeme would be cut.
        """
        if self._is_run(node) and not self.lexemes.may_be_empty(node):
            return self.terminal(node)
        match node:
            case Literal() | Sequence():
                return self._divide(node)
            case CharSet():
                if self.lexemes.touches_run(node, at_end=False) or self._place_after(node, Place.OUTSIDE):
                    raise NoLexemesError
            case Repeat(body=body) if node.high != 1:
                if self.lexemes.touches_run(body, at_end=True) and self.lexemes.touches_run(body, at_end=False):
                    raise NoLexemesError
        return super().expression(node)

    def _divide(self, node: Node) -> str:
        """A sequence, cut into lexemes and into parts that hold whole ones."""
        place = Place.OUTSIDE
        done: list[Node] = []
        lexeme: list[Node] = []
        for part in self._pieces(node):
            begins_inside = place is not Place.OUTSIDE
            place = self._place_after(part, place)
            if not begins_inside and lexeme and not self._is_run(part):
                done.append(_Lexeme(lexeme))
                lexeme = []
            if not begins_inside and place is Place.OUTSIDE and not self._is_run(part):
                done.append(part)
                continue
            lexeme.append(part)
            if begins_inside and place is Place.OUTSIDE:
                done.append(_Lexeme(lexeme))
                lexeme = []
        if place is not Place.OUTSIDE:
            raise NoLexemesError
        return self._join([*done, _Lexeme(lexeme)] if lexeme else done)

    def _join(self, parts: list[Node]) -> str:
        for place, part in enumerate(parts):
            if self.lexemes.touches_run(part, at_end=True):
                self._refuse_run_after(parts[place + 1 :])
        return "(" + " ".join(map(self._spell_part, parts)) + ")"

    def _spell_part(self, part: Node) -> str:
        if isinstance(part, Literal):
            return self.terminal(part)
        if not isinstance(part, _Lexeme):
            return self.expression(part)
        if references(part) & self.recursive:
            raise NoLexemesError
        return self.terminal(part) + ("?" if self.lexemes.may_be_empty(part) else "")

    def _refuse_run_after(self, parts: list[Node]) -> None:
        for part in parts:
            if self.lexemes.touches_run(part, at_end=False):
                raise NoLexemesError
            if not self.lexemes.may_be_empty(part):
                return

    def _pieces(self, node: Node) -> list[Node]:
        parts = node.parts if isinstance(node, Sequence) else (node,)
        return [
            piece
            for part in parts
            for piece in ([Literal(char) for char in part.text] if isinstance(part, Literal) else [part])
        ]

    def _place_after(self, part: Node, place: Place) -> Place:
        places = self.lexemes.after(part, place)
        if len(places) != 1:
            raise NoLexemesError
        return next(iter(places))

    def _is_run(self, node: Node) -> bool:
        return not references(node) & self.recursive and self.lexemes.is_run(node)


class _Lexeme(Sequence):
    """Parts of one lexeme."""

    def __init__(self, parts: list[Node]) -> None:
        super().__init__(tuple(parts))


def spell_choice(options: tuple[Node, ...], spell: Callable[[Node], str]) -> str:
    """Alternatives, the empty one as a question mark."""
    spelled = [spell(option) for option in options if option != Literal("")]
    if not spelled:
        return '""'
    return f"({' | '.join(spelled)}){'?' if len(spelled) < len(options) else ''}"


def spell_count(node: Repeat) -> str:
    """A repetition's bounds."""
    signs = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    return signs.get((node.low, node.high), f"{{{node.low},{'' if node.high is None else node.high}}}")


def _escape(char: str) -> str:
    return char if char.isascii() and char.isalnum() else f"\\x{{{ord(char):X}}}"
