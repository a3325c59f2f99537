"""Files that only the holder of a key can write or read, however large, in little memory.

AES-256-GCM over chunks of 64 KiB; the nonce is the number of the chunk and whether it is the last
(the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015), so a changed byte, a cut
end and moved chunks are all found. What is inside a backup stands in `crm_store/backups.py`.
"""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"RAPPORT-SEALED-1"
_SALT = 16
_CHUNK = 64 * 1024
_TAG = 16


class Damaged(Exception):
    """The file was not sealed with this key, or it was changed since."""


class SealedWriter(io.RawIOBase):
    """Seals what is written into `target`; the file is whole once this is closed."""

    def __init__(self, target: BinaryIO, key: bytes) -> None:
        self._target = target
        self._header = MAGIC + secrets.token_bytes(_SALT)
        self._cipher = _cipher(key, self._header)
        self._waiting = bytearray()
        self._number = 0
        target.write(self._header)

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Take bytes and seal whole chunks of them."""
        self._waiting += memoryview(data)
        # One byte more than a chunk has to be there: the last chunk is sealed differently.
        while len(self._waiting) > _CHUNK:
            self._seal(last=False)
        return memoryview(data).nbytes

    def close(self) -> None:
        """Seal the rest; the target stays open."""
        if not self.closed:
            self._seal(last=True)
        super().close()

    def _seal(self, *, last: bool) -> None:
        chunk = bytes(self._waiting[:_CHUNK])
        del self._waiting[:_CHUNK]
        nonce = _nonce(self._number, last=last)
        self._target.write(self._cipher.encrypt(nonce, chunk, self._header))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Opens what `SealedWriter` wrote; every read raises `Damaged` rather than give a wrong byte."""

    def __init__(self, source: BinaryIO, key: bytes) -> None:
        self._source = source
        self._header = source.read(len(MAGIC) + _SALT)
        if len(self._header) < len(MAGIC) + _SALT or not self._header.startswith(MAGIC):
            raise Damaged
        self._cipher = _cipher(key, self._header)
        self._next = source.read(_CHUNK + _TAG)
        self._opened = b""
        self._number = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` with opened bytes; 0 at the end."""
        if not self._opened:
            self._open()
        view = memoryview(buffer).cast("B")
        taken, self._opened = self._opened[: len(view)], self._opened[len(view) :]
        view[: len(taken)] = taken
        return len(taken)

    def _open(self) -> None:
        if not self._next and self._number:
            return
        chunk, self._next = self._next, self._source.read(_CHUNK + _TAG)
        try:
            nonce = _nonce(self._number, last=not self._next)
            self._opened = self._cipher.decrypt(nonce, chunk, self._header)
        except InvalidTag as error:
            raise Damaged from error
        self._number += 1


def _cipher(key: bytes, header: bytes) -> AESGCM:
    # The key may be a passphrase, so guessing is made dear: 32 MB and some 0.1 s for each try.
    scrypt = Scrypt(salt=header[len(MAGIC) :], length=32, n=2**15, r=8, p=1)
    return AESGCM(scrypt.derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
