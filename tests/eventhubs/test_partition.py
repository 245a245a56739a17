"""The partition hash is the service's: golden values printed by the Java SDK (partition_hash.txt) and the SDK itself."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from random import Random

import pytest
from azure.eventhub._buffered_producer._partition_resolver import compute_hash
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.eventhubs import partition_for
from tests.eventhubs import java_sdk

GOLDEN = Path(__file__).parent / "partition_hash.txt"  # hex of the UTF-8 key, then its partition of 4, of 7, of 32
COUNTS = (4, 7, 32)
ALPHABET = "abcxyz/-_019 äßµΩ日本語😀"


def keys(count: int, seed: int) -> list[str]:
    """Of every length around the hash's blocks of 12 bytes, non-ASCII among them, and topics."""
    rand = Random(seed)
    made = ["".join(rand.choice(ALPHABET) for _ in range(rand.randint(1, 60))) for _ in range(count)]
    made += [f"acme/testbed/turbofan/fd001/train/engine-{n:03}/sensor_{n % 21:02}" for n in range(count // 4)]
    return [*made, *("a" * n for n in range(1, 40)), "é", "日本"]


def witnessed(key: str) -> bool:
    """False where the Java SDK (5.21) errs: it adds the last one to three bytes of a key signed, the service (C#) unsigned.

    Those keys end in a non-ASCII character; the Python SDK's arithmetic, which is unsigned, is the witness for them.
    """
    raw = key.encode()
    last = (len(raw) - 1) // 12 * 12
    return raw[last + (len(raw) - last) // 4 * 4 :].isascii()


def lines(of: list[str]) -> list[str]:
    return [" ".join([k.encode().hex(), *(str(partition_for(k, n)) for n in COUNTS)]) for k in of]


def test_golden_values_of_the_java_sdk():
    golden = GOLDEN.read_text().splitlines()
    assert len(golden) > 300
    assert lines([bytes.fromhex(line.split()[0]).decode() for line in golden]) == golden


@pytest.mark.real
def test_the_java_sdk_itself_says_the_same(tmp_path):
    java_sdk.compile_all(tmp_path)
    asked = [k for k in keys(4000, seed=20261124) if witnessed(k)]
    assert sum(not k.isascii() for k in asked) > 1000
    (tmp_path / "keys").write_text("\n".join(k.encode().hex() for k in asked))
    said = java_sdk.run(tmp_path, "Hashes", str(tmp_path / "keys"), *map(str, COUNTS)).splitlines()
    assert said == lines(asked)


@given(st.text(min_size=1, max_size=60).filter(lambda t: t.encode("utf-8", "ignore").decode() == t), st.integers(1, 64))
def test_any_key_is_hashed_as_the_python_sdk_does_and_folded_as_the_service_does(key, count):
    """The Python SDK's lookup3 is right; only its modulo (floored, not truncated) differs from the service's."""
    c, b = compute_hash(key.encode().decode("latin-1"))
    folded = ctypes.c_short(c ^ b).value
    assert partition_for(key, count) == abs(int(math.fmod(folded, count)))


@given(st.text(max_size=50).filter(lambda t: t.isprintable()), st.integers(1, 64))
def test_a_partition_is_always_one_of_the_hubs(key, count):
    assert 0 <= partition_for(key, count) < count


def test_a_hub_without_partitions_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        partition_for("a", 0)
