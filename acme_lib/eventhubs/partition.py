"""The service's hash of a partition key: Bob Jenkins' lookup3 over the key's UTF-8 bytes, folded to 16 bits, truncated modulo."""

from __future__ import annotations

import struct
from functools import lru_cache

__all__ = ["partition_for"]

_MASK = 0xFFFFFFFF
_MIX = ((2, 4, 1), (0, 6, 2), (1, 8, 0), (2, 16, 1), (0, 19, 2), (1, 4, 0))
_FINAL = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))


def _turn(x: int, by: int) -> int:
    return (x << by | x >> (32 - by)) & _MASK


def _lookup3(data: bytes) -> tuple[int, int]:
    """The two 32-bit hashes (c, b) of `data`, both seeds 0."""
    s = [(0xDEADBEEF + len(data)) & _MASK] * 3
    if not data:
        return s[2], s[1]
    last = (len(data) - 1) // 12 * 12  # the last 1 to 12 bytes are mixed differently
    for at in range(0, last, 12):
        s = [(x + y) & _MASK for x, y in zip(s, struct.unpack_from("<III", data, at), strict=True)]
        for minus, by, plus in _MIX:
            # each round: x = (x - m) ^ turn(m, by); m += p, where (x, m, p) rotate through (a, b, c)
            x = (minus + 1) % 3
            s[x] = ((s[x] - s[minus]) & _MASK) ^ _turn(s[minus], by)
            s[minus] = (s[minus] + s[plus]) & _MASK
    tail = struct.unpack("<III", data[last:].ljust(12, b"\0"))
    s = [(x + y) & _MASK for x, y in zip(s, tail, strict=True)]
    for x, by_, turn in _FINAL:
        s[x] = ((s[x] ^ s[by_]) - _turn(s[by_], turn)) & _MASK
    return s[2], s[1]


@lru_cache(maxsize=1 << 17)
def _folded(key: str) -> int:
    """Signed 16 bits, as the service folds the two hashes."""
    c, b = _lookup3(key.encode())
    low = (c ^ b) & 0xFFFF
    return low - 0x10000 if low & 0x8000 else low


def partition_for(key: str, count: int) -> int:
    """The partition (0 to count - 1) in which the service puts events with this key. Raises ValueError where count < 1."""
    if count < 1:
        raise ValueError("a hub has at least one partition")
    return abs(_folded(key)) % count  # |truncated remainder| is the remainder of the magnitude
