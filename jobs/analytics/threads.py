"""How many threads the numerical libraries may use. Not here: any analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def one_thread() -> AbstractContextManager[object]:
    """Keep BLAS and OpenMP to one thread inside the `with` block.

    Two OpenMP threads on two busy cores made boosting 16 to 20 times slower (measured), and the bot
    shares its cores with the people who are waiting for an answer.
    """
    return cast("AbstractContextManager[object]", threadpool_limits(limits=1))
