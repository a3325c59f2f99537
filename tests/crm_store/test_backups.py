"""Sealed files: what comes out is what went in, or nothing."""

from __future__ import annotations

import io
import random

import pytest

from crm_store.sealed import Damaged, SealedReader, SealedWriter

KEY = b"a key for sealing"
SIZES = (0, 1, 65_535, 65_536, 65_537, 131_072, 200_000)


def seal(data: bytes, step: int = 1_000) -> bytes:
    """The sealed form of some bytes, written in pieces."""
    target = io.BytesIO()
    with SealedWriter(target, KEY) as writer:
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
    return target.getvalue()


def opened(sealed: bytes, key: bytes = KEY) -> bytes:
    """What is in a sealed file."""
    with io.BufferedReader(SealedReader(io.BytesIO(sealed), key)) as reader:
        return reader.read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_opened(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert opened(seal(data, 777)) == data
    assert opened(seal(data, 1_000_000)) == data


@pytest.mark.parametrize("cut", [0, 31, 32, 65_584, 131_136, 199_000])
def test_a_cut_end_is_found_also_between_chunks(cut: int) -> None:
    sealed = seal(bytes(200_000))
    with pytest.raises(Damaged):
        opened(sealed[:cut])


def test_moved_chunks_are_found() -> None:
    sealed = seal(bytes(200_000))
    chunk = 65_536 + 16
    head, first, second, rest = (
        sealed[:32],
        sealed[32 : 32 + chunk],
        sealed[32 + chunk : 32 + 2 * chunk],
        sealed[32 + 2 * chunk :],
    )
    with pytest.raises(Damaged):
        opened(head + second + first + rest)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Damaged):
        opened(seal(b"x"), b"another")


def test_the_same_content_is_never_sealed_the_same_way() -> None:
    assert seal(b"x") != seal(b"x")
