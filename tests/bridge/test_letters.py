"""Triage groups dead letters by reason, shows their bytes readably, and names the mend."""

from __future__ import annotations

from acme_lib.bridge.letters import triage
from acme_lib.contracts import contracts
from acme_lib.uns import Rejected, dead_letter


def letter(
    detail: str = "NOT_JSON", raw: bytes = b"\x00\xffnot json", topic: str = "acme/x", claim: str | None = None
) -> bytes:
    return dead_letter(Rejected("SCHEMA_INVALID", detail), topic, raw, 1_780_000_000_000, "bridge-1", 7, claim)


def test_groups_come_by_frequency_with_bounded_examples_and_the_mend() -> None:
    bodies = [letter(topic=f"acme/{n % 2}") for n in range(5)] + [letter("NOT_UTF8")]
    groups, strange = triage(bodies, {"SCHEMA_INVALID/NOT_UTF8": 40}, contracts(), examples=2)
    assert [(g.detail, g.counted, g.read, len(g.examples)) for g in groups] == [
        ("NOT_UTF8", 40, 1, 1),
        ("NOT_JSON", 0, 5, 2),
    ]
    assert groups[1].topics == {"acme/0": 3, "acme/1": 2}
    assert groups[1].mend == "Send one JSON object."
    assert strange == 0


def test_originals_are_shown_escaped_and_cut() -> None:
    groups, _ = triage([letter(raw=b"\x1b[31m\xff" + b"a" * 1_000)], {}, contracts(), 1)
    shown = groups[0].examples[0].shown
    assert shown.startswith("\\x1b[31m\\xffaaa")
    assert len(shown) == 161


def test_a_claim_check_is_named_and_strangers_are_counted() -> None:
    groups, strange = triage([letter(claim="Files/dlq/abc"), b"{}", b"\xff"], {}, contracts(), 1)
    assert groups[0].examples[0].shown == "Files/dlq/abc"
    assert strange == 2
