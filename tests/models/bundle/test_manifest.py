"""A bundle in which anything changed is refused, with the error that says why; nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acme_lib.errors import Stop, WrongUse
from acme_lib.models.bundle import (
    Counters,
    Downgrade,
    Refused,
    Tampered,
    Untrusted,
    generate_key,
    load_key,
    load_trust,
    read,
    sign,
    verify,
    write_pair,
)
from acme_lib.models.bundle.assemble import assemble
from acme_lib.models.bundle.keys import key_id_of, public_bytes

FILES = {
    "MLmodel": b"flavors: {onnx: {data: model.onnx}}\n",
    "model.onnx": bytes(range(64)),
    "data/golden.json": b'{"rows": []}',
}
KEY, OTHER = generate_key(), generate_key()
CREATED = datetime(2026, 11, 25, tzinfo=UTC)


def trusting(*keys: object) -> dict[str, bytes]:
    found = [public_bytes(k.public_key()) for k in keys]  # type: ignore[attr-defined]
    return {key_id_of(p): p for p in found}


def made(out: Path, counter: int = 7, key: object = KEY, version: str = "3") -> Path:
    return assemble(
        FILES, out, key, use_case="rul", model_version=version, feature_table_version="turbofan-0123456789ab",
        counter=counter, created=CREATED,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return made(tmp_path / "out")


def test_a_genuine_bundle_is_taken_with_the_bytes_that_were_verified(bundle: Path) -> None:
    found = read(bundle, trusting(KEY), min_counter=7)
    assert found.files == FILES
    assert (found.manifest.use_case, found.manifest.model_version, found.manifest.counter) == ("rul", "3", 7)
    assert found.manifest.created_utc == "2026-11-25T00:00:00Z"


def every_file(bundle: Path) -> list[Path]:
    return sorted(p for p in bundle.rglob("*") if p.is_file())


def test_a_flipped_bit_in_any_byte_of_any_file_is_refused(bundle: Path) -> None:
    trust, flips = trusting(KEY), 0
    for path in every_file(bundle):
        data = path.read_bytes()
        for offset in range(len(data)):
            path.write_bytes(data[:offset] + bytes([data[offset] ^ (1 << offset % 8)]) + data[offset + 1 :])
            with pytest.raises((Tampered, Untrusted)) as refused:
                verify(bundle, trust)
            assert str(bundle) in str(refused.value)
            flips += 1
        path.write_bytes(data)
    assert flips == sum(p.stat().st_size for p in every_file(bundle)) > 600
    verify(bundle, trust)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_any_file_passes(bundle: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(every_file(bundle)))
    before = path.read_bytes()
    start = data.draw(st.integers(0, len(before)))
    stop = data.draw(st.integers(start, len(before)))
    after = before[:start] + data.draw(st.binary(max_size=8)) + before[stop:]
    path.write_bytes(after)
    try:
        if after == before:
            verify(bundle, trusting(KEY))
        else:
            with pytest.raises(Refused):
                verify(bundle, trusting(KEY))
    finally:
        path.write_bytes(before)


def test_what_was_not_signed_is_refused_by_name(bundle: Path) -> None:
    (bundle / "data" / "run.py").write_bytes(b"")
    with pytest.raises(Tampered, match=r"data/run\.py, which was not signed"):
        verify(bundle, trusting(KEY))


def test_a_link_is_refused_even_to_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "same").write_bytes(FILES["model.onnx"])
    (bundle / "model.onnx").unlink()
    (bundle / "model.onnx").symlink_to(tmp_path / "same")
    with pytest.raises(Tampered, match="is a link"):
        verify(bundle, trusting(KEY))


@pytest.mark.parametrize("name", [*FILES, "manifest.json", "manifest.sig"])
def test_a_missing_file_is_refused_by_name(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(Tampered, match=name):
        verify(bundle, trusting(KEY))


def test_an_unknown_key_is_refused_with_the_known_ones(bundle: Path) -> None:
    with pytest.raises(Untrusted, match=rf"trusted are {next(iter(trusting(OTHER)))}"):
        verify(bundle, trusting(OTHER))


def test_a_manifest_signed_by_another_than_it_names_is_refused(bundle: Path) -> None:
    (bundle / "manifest.sig").write_bytes(OTHER.sign((bundle / "manifest.json").read_bytes()))
    with pytest.raises(Tampered, match="do not belong together"):
        verify(bundle, trusting(KEY, OTHER))


def test_nobody_signs_for_another_key(bundle: Path) -> None:
    with pytest.raises(Untrusted, match="build the bundle anew"):
        sign(verify(bundle, trusting(KEY)), OTHER)


def test_either_of_two_roots_is_enough_while_keys_rotate(tmp_path: Path) -> None:
    both = trusting(KEY, OTHER)
    assert verify(made(tmp_path, key=KEY, version="1"), both).model_version == "1"
    assert verify(made(tmp_path, key=OTHER, version="2"), both).model_version == "2"


def test_an_older_counter_is_refused_the_same_one_is_not(bundle: Path) -> None:
    with pytest.raises(Downgrade, match="counter 7 is older than 8"):
        verify(bundle, trusting(KEY), min_counter=8)
    assert verify(bundle, trusting(KEY), min_counter=7).counter == 7


def test_a_bundle_is_never_overwritten(bundle: Path) -> None:
    with pytest.raises(WrongUse, match="not overwritten"):
        made(bundle.parent)
    assert [p.name for p in bundle.parent.iterdir()] == ["rul-3"]


def test_keys_round_trip_and_are_never_overwritten(tmp_path: Path) -> None:
    private, _ = write_pair(tmp_path, KEY)
    assert private.stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_key(private).public_key()) == public_bytes(KEY.public_key())
    assert load_trust(tmp_path) == trusting(KEY)
    with pytest.raises(WrongUse, match="not overwritten"):
        write_pair(tmp_path, OTHER)
    assert load_trust(tmp_path) == trusting(KEY)


def test_trust_is_one_or_two_roots(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no trust root"):
        load_trust(tmp_path)
    for n in range(3):
        _, public = write_pair(tmp_path / str(n), generate_key())
        (tmp_path / public.name).write_bytes(public.read_bytes())
    with pytest.raises(WrongUse, match="3 trust roots, at most 2"):
        load_trust(tmp_path)


@pytest.mark.parametrize("text", [b"", b"-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----\n"])
def test_a_file_that_is_no_key_says_so(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.pub").write_bytes(text)
    (tmp_path / "signing.pem").write_bytes(text)
    with pytest.raises(WrongUse, match=r"a\.pub: is no public key"):
        load_trust(tmp_path)
    with pytest.raises(WrongUse, match="acme bundle keys"):
        load_key(tmp_path / "signing.pem")


def test_counters_only_rise_and_a_damaged_file_stops(tmp_path: Path) -> None:
    counters = Counters(tmp_path / "state" / "counters.json")
    assert counters.highest("rul") == 0
    counters.rise("rul", 7)
    counters.rise("rul", 5)
    counters.rise("failure_24h", 2)
    assert Counters(counters.path).read() == {"rul": 7, "failure_24h": 2}
    counters.path.write_bytes(b"{")
    with pytest.raises(Stop, match="restore the file"):
        counters.highest("rul")
