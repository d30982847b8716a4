"""One request inside the engine: what it asked, what it said so far, and what is to be told."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from serving.embedded.protocol import TokenConstraint
from serving.embedded.sampler import RowSampler
from serving.embedded.text import AnswerText
from serving.engine import FinishReason, Generation, Piece
from serving.vocabulary import Vocabulary


@dataclass(eq=False)
class Job:
    """A request, from its waiting place to its last token."""

    prompt: list[int]
    most_tokens: int
    """Of the answer; at least 1, and with the prompt no more than the context."""
    sampler: RowSampler
    text: AnswerText
    constraint: TokenConstraint | None
    end_ids: frozenset[int]
    answer: list[int] = field(default_factory=list)
    read_tokens: int = 0
    """Tokens of the prompt whose keys and values are there."""
    is_cancelled: bool = False
    """Set by the reader, from another thread."""
    _untold: int = 0

    @cached_property
    def prompt_tokens(self) -> npt.NDArray[np.int64]:
        """The prompt as an array, for comparing."""
        return np.asarray(self.prompt, dtype=np.int64)

    @property
    def remaining(self) -> int:
        """Tokens that may still come."""
        return self.most_tokens - len(self.answer)

    @property
    def cached_length(self) -> int:
        """Tokens whose keys and values are there: all but the last drawn."""
        return len(self.prompt) + len(self.answer) - 1

    @property
    def reserved_length(self) -> int:
        """Most that it will ever hold."""
        return len(self.prompt) + self.most_tokens

    def advance(self, token: int, was_talking: bool) -> Piece | None:
        """Take in an accepted token; what there is to tell, if anything."""
        self.answer.append(token)
        self.sampler.note(token)
        self._untold += 1
        is_talking = was_talking and (self.constraint is None or self.constraint.is_talking)
        shown = self.text.feed(token, is_talking)
        finish = self._finish(token)
        return self._tell(shown, finish) if shown or finish else None

    def end_early(self) -> Piece:
        """The last piece where no token may follow."""
        return self._tell("", "length")

    def _finish(self, token: int) -> FinishReason | None:
        is_complete = self.constraint is not None and self.constraint.is_done
        is_ended = self.constraint is None and token in self.end_ids
        if is_complete or is_ended or self.text.is_stopped:
            return "stop"
        return "length" if self.remaining <= 0 else None

    def _tell(self, shown: str, finish: FinishReason | None) -> Piece:
        tokens, self._untold = self._untold, 0
        return Piece(shown + self.text.finish() if finish else shown, tokens, finish)


def open_job(
    generation: Generation,
    prompt: list[int],
    most_tokens: int,
    constraint: TokenConstraint | None,
    vocabulary: Vocabulary,
) -> Job:
    """A request ready to wait for its place."""
    # What a constraint ends at, a free answer has to be stopped at.
    end = () if constraint is not None else (generation.language.call_format.marks.end,)
    return Job(
        prompt=prompt,
        most_tokens=most_tokens,
        sampler=RowSampler(generation.sampling, prompt),
        text=AnswerText(vocabulary, (*generation.stop, *end)),
        constraint=constraint,
        end_ids=frozenset(vocabulary.end_ids),
    )
