"""What a numerical job may take of the machine: one thread, and so much memory. Not here: any job."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

log = logging.getLogger(__name__)

# Read by the numerical libraries when they are loaded, and by nobody afterwards. Two numerical threads on two busy
# cores are 16 times slower than one (measured).
ONE_THREAD: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "BLIS_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS",
        ),
        "1",
    )
)
_KINDNESS = 10


@contextmanager
def memory(megabytes: int) -> Iterator[None]:
    """Let this process have so much data inside the block; what asks for more gets a MemoryError.

    Linux counts here what a process has for itself, on the heap and in anonymous mappings, and not what is
    merely reserved or read from files (setrlimit(2), RLIMIT_DATA since 4.7). Other systems count the heap alone,
    which numerical libraries do not use, so that there is no bound there.
    """
    if sys.platform != "linux":
        log.warning("no bound on memory platform=%s", sys.platform)
        yield
        return
    import resource

    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = megabytes << 20
    allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


def stand_back() -> None:
    """Let every other process have the processor first, and be the first that goes when memory is out."""
    if sys.platform != "linux":
        return
    os.nice(_KINDNESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
