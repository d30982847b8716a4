"""Random words of a grammar, for tests: a walk that grows bored with depth and then takes the shortest way out."""

import random
from dataclasses import dataclass, field

from serving.grammar.language import CharSet, Choice, Grammar, Literal, Node, Reference, Repeat, Sequence
from serving.grammar.shortest import ShortestWords


@dataclass
class RandomWords:
    """Draws words; about `budget` nodes are walked freely before the shortest end is sought."""

    grammar: Grammar
    seed: int = 0
    budget: int = 120
    _spent: int = 0
    _random: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)
        self._lengths = ShortestWords(self.grammar.rules)

    def draw(self) -> str:
        """One word."""
        self._spent = 0
        return self._walk(Reference(self.grammar.start))

    def _walk(self, node: Node) -> str:
        self._spent += 1
        match node:
            case Literal(text=text):
                return text
            case CharSet(ranges=ranges):
                return self._character(ranges)
            case Sequence(parts=parts):
                return "".join([self._walk(part) for part in parts])
            case Choice(options=options):
                return self._walk(self._option(options))
            case Repeat(body=body, low=low, high=high):
                return "".join([self._walk(body) for _ in range(self._times(low, high))])
            case Reference(rule=rule):
                return self._walk(self.grammar.rules[rule])

    def _option(self, options: tuple[Node, ...]) -> Node:
        if self._spent > self.budget:
            return min(options, key=self._lengths.length)
        return self._random.choice(options)

    def _times(self, low: int, high: int | None) -> int:
        if self._spent > self.budget:
            return low
        most = low + 4 if high is None else min(high, low + 4)
        if high is not None and self._random.random() < 0.1:
            return min(high, low + 300)
        return self._random.randint(low, most)

    def _character(self, ranges: tuple[tuple[int, int], ...]) -> str:
        low, high = self._random.choice(ranges)
        if self._random.random() < 0.8:
            high = min(high, max(low, 0x7E))
        return chr(self._random.choice((low, high, self._random.randint(low, high))))


def random_words(grammar: Grammar, count: int, seed: int = 0) -> list[str]:
    """Some words of a grammar."""
    walk = RandomWords(grammar, seed)
    return [walk.draw() for _ in range(count)]
