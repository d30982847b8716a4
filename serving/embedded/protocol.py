"""What the engine asks of a constraint: which tokens may follow, and when the answer is complete."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from serving.calls import CallLanguage


class TokenConstraint(Protocol):
    """One request's pass over its language. Used by one thread at a time."""

    @property
    def is_done(self) -> bool:
        """The answer is complete: stop now."""
        ...

    @property
    def is_talking(self) -> bool:
        """In free text, where stop strings count."""
        ...

    def mask(self, row: npt.NDArray[np.int32]) -> bool:
        """Overwrite the bitmask row with the tokens that may follow; False and untouched: all of them."""
        ...

    def mask_exactly(self, row: npt.NDArray[np.int32]) -> None:
        """The same without a back end, which may have allowed too much: for when draws were refused."""
        ...

    def accept(self, token: int) -> bool:
        """Go on by a token, an end token included; False and unchanged if it may not follow."""
        ...

    def forced(self, remaining: int) -> int | None:
        """The token to emit instead of sampling because few remain, or None.

        Args:
            remaining: tokens that may still come, this one included.
        """
        ...


ConstraintFactory = Callable[[CallLanguage, int], TokenConstraint | None]
"""Begin a request in this language with that many tokens at most; None: anything goes. May compile a grammar, so it
is called outside the event loop, by several threads. Raises RefusedError."""
