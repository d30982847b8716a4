"""Numbers that are multiples of another, within bounds."""

from fractions import Fraction
from math import gcd, lcm

from serving.grammar.language import Literal, Node, Reference, choice, sequence
from serving.grammar.numbers import (
    DECIMAL_LIMIT,
    NOTHING,
    Bounds,
    room_for_decimals,
    spell_decimals,
    spell_integers,
)
from serving.grammar.strings import RuleStore

_MOST_LISTED = 300
_MOST_ENDINGS = 200
_MOST_RULES = 1200
_LEAST_DIGITS = 6
_MOST_SCALED = 10**15
"""Beyond 15 digits a number with a point is not what it says once it is a float."""


class NoMultiplesError(Exception):
    """There are too many states for a grammar."""


def common_multiple(steps: list[Fraction]) -> Fraction:
    """The smallest number that is a multiple of all."""
    return Fraction(lcm(*(step.numerator for step in steps)), gcd(*(step.denominator for step in steps)))


def spell_whole_multiples(step: Fraction, bounds: Bounds, store: RuleStore) -> Node:
    """Whole numbers among the multiples.

    Raises:
        NoMultiplesError: the step is neither round nor small.
    """
    first, last = bounds.whole(DECIMAL_LIMIT)
    unit = step.numerator  # n is a multiple of p/q exactly if it is one of p, as p and q share nothing
    if unit == 1:
        return spell_integers(first, last)
    low, high = -(-first // unit), last // unit
    if high - low < _MOST_LISTED:
        return choice([str(each * unit) for each in range(low, high + 1)])
    shift = _round_to(unit)
    if shift is not None:
        return _grid(unit, shift, 0, first, last)
    return _by_remainder(unit, first, last, store, bounds)


def spell_broken_multiples(step: Fraction, bounds: Bounds, is_broken: bool) -> Node:
    """Multiples that have digits after the point.

    Raises:
        NoMultiplesError: they can't be said.
    """
    if step.denominator == 1:
        return NOTHING
    places = _places(step)
    scale = 10**places
    unit = int(step * scale)
    if unit == 1:
        return spell_decimals(bounds, min(places, room_for_decimals(bounds)), is_broken)
    scaled = Bounds(_times(bounds.low, scale), _times(bounds.high, scale), bounds.low_open, bounds.high_open)
    first, last = scaled.whole(DECIMAL_LIMIT)
    first, last = max(first, -_MOST_SCALED), min(last, _MOST_SCALED)
    low, high = -(-first // unit), last // unit
    if low > high:
        return NOTHING
    if high - low < _MOST_LISTED:
        broken = [each * unit for each in range(low, high + 1) if each * unit % scale]
        return choice([_pointed(each, places) for each in broken])
    shift = _round_to(unit)
    if shift is None:
        raise NoMultiplesError
    return _grid(unit, max(shift, places), places, first, last)


def _times(value: Fraction | None, scale: int) -> Fraction | None:
    return None if value is None else value * scale


def _places(step: Fraction) -> int:
    places = 0
    while 10**places % step.denominator:
        places += 1
        if places > 30:
            raise NoMultiplesError
    return places


def _round_to(unit: int) -> int | None:
    """How many last digits decide, if few endings do."""
    for shift in range(1, 8):
        if 10**shift % unit == 0:
            return shift if 10**shift // unit <= _MOST_ENDINGS else None
    return None


def _grid(unit: int, shift: int, places: int, first: int, last: int) -> Node:
    """Multiples told by their last digits: any number before, then one of the endings.

    All are counted in units of 10 ** -places; with places, those without digits after the point are left out.
    """
    options: list[Node] = []
    if first < 0:
        options.append(_signed("-", _half_grid(unit, shift, places, max(1, -last), -first)))
    if last >= 0:
        options.append(_half_grid(unit, shift, places, max(0, first), last))
    return choice([option for option in options if option != NOTHING])


def _signed(sign: str, node: Node) -> Node:
    return NOTHING if node == NOTHING else sequence(sign, node)


def _half_grid(unit: int, shift: int, places: int, first: int, last: int) -> Node:
    scale = 10**shift
    endings = [each for each in range(0, scale, unit) if not places or each % 10**places]
    front, back = max(1, -(-first // scale)), (last + 1) // scale - 1
    options: list[Node | str] = []
    for edge in sorted({edge for edge in (0, first // scale, last // scale) if not front <= edge <= back}):
        listed = [edge * scale + ending for ending in endings if first <= edge * scale + ending <= last]
        options += [_pointed(each, places) if places else str(each) for each in listed]
    if front <= back and endings:
        tails = choice([_ending(each, shift, places) for each in endings])
        options.append(sequence(spell_integers(front, back), tails))
    return choice(options)


def _ending(value: int, shift: int, places: int) -> str:
    digits = str(value).zfill(shift)
    whole = digits[: shift - places]
    return f"{whole}.{digits[shift - places :].rstrip('0')}" if places else whole


def _pointed(scaled: int, places: int) -> str:
    whole, rest = divmod(abs(scaled), 10**places)
    digits = str(rest).zfill(places).rstrip("0")
    return f"{'-' if scaled < 0 else ''}{whole}.{digits}"


def _by_remainder(unit: int, first: int, last: int, store: RuleStore, bounds: Bounds) -> Node:
    """A state per remainder and digits left; factors of ten are zeros at the end."""
    zeros = ""
    while unit % 10 == 0:
        unit, zeros = unit // 10, zeros + "0"
    scale = 10 ** len(zeros)
    most = _MOST_RULES // unit
    limit = (10**most - 1) * scale
    last = max(min(last, limit), 0) if bounds.high is None else last
    first = min(max(first, -limit), 0) if bounds.low is None else first
    if most < _LEAST_DIGITS or max(abs(first), abs(last)) > limit:
        raise NoMultiplesError
    digits = _Remainders(unit, store)
    options: list[Node] = [Literal("0")] if first <= 0 <= last else []
    for sign, low, high in (("-", max(1, -last), -first), ("", max(1, first), last)):
        part = digits.between(-(-low // scale), high // scale) if low <= high else NOTHING
        if part != NOTHING:
            options.append(sequence(sign, part, zeros))
    return choice(options)


class _Remainders:
    """Digit strings by what they leave when divided."""

    def __init__(self, unit: int, store: RuleStore) -> None:
        self._unit = unit
        self._store = store
        self._known: dict[tuple[int, int], Node] = {}

    def between(self, low: int, high: int) -> Node:
        """Multiples from low to high, both above zero."""
        options: list[Node] = []
        for length in range(len(str(low)), len(str(high)) + 1):
            first, last = max(low, 10 ** (length - 1)), min(high, 10**length - 1)
            if first <= last:
                options.append(self._tight(str(first), str(last), 0))
        return choice([option for option in options if option != NOTHING])

    def _tight(self, low: str, high: str, remainder: int) -> Node:
        if not low:
            return Literal("") if remainder == 0 else NOTHING
        if not low.strip("0") and not high.strip("9"):
            return self._free(len(low), remainder)
        options = []
        for digit in range(int(low[0]), int(high[0]) + 1):
            after_low = low[1:] if digit == int(low[0]) else "0" * (len(low) - 1)
            after_high = high[1:] if digit == int(high[0]) else "9" * (len(low) - 1)
            rest = self._tight(after_low, after_high, (remainder * 10 + digit) % self._unit)
            if rest != NOTHING:
                options.append(sequence(str(digit), rest))
        return choice(options)

    def _free(self, length: int, remainder: int) -> Node:
        if length == 0:
            return Literal("") if remainder == 0 else NOTHING
        key = (length, remainder)
        if key not in self._known:
            rests = [(digit, self._free(length - 1, (remainder * 10 + digit) % self._unit)) for digit in range(10)]
            options = [sequence(str(digit), rest) for digit, rest in rests if rest != NOTHING]
            self._known[key] = self._named(choice(options)) if options else NOTHING
        return self._known[key]

    def _named(self, node: Node) -> Node:
        name = self._store.reserve()
        self._store.define(name, node)
        return Reference(name)
