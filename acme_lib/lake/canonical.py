"""Bodies in the contract's own order and without blanks, proven ordinary by writing them again from what was read.

If the text begins with its first members as they would be written, ends with its last ones, and what is left between
is one JSON string or holds no quote at all, then nothing else can be in it: no further member (its name has quotes), no
escape (it is longer than what it stands for), no invalid UTF-8, nothing nested, no member twice.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from acme_lib.contracts import contracts

__all__ = ["proven", "raw_value", "written"]

VALUE = "value"
STAMP = ("receivedUtc", "bridgeId", "bridgeSeq")
BARE = ("integer", "boolean")  # types written without quotes


def written() -> dict[str, Column]:
    """`head` and `tail`, what would stand before the value and behind it. In: e, the members as they were read."""
    names = [name for name in contracts().envelope_schema["properties"] if name not in STAMP]
    at = names.index(VALUE)
    stamp = F.when(F.col("e.bridgeSeq").isNotNull(), F.concat(*(p for n in STAMP for p in _parts(f',"{n}":', n))))
    first = [p for n in names[:at] for p in _parts(f'{"{" if n == names[0] else ","}"{n}":', n)]
    return {
        "head": F.concat(*first, F.lit(f',"{VALUE}":')),
        "tail": F.concat(*map(_member, names[at + 1 :]), F.coalesce(stamp, F.lit("")), F.lit("}")),
    }


def raw_value() -> Column:
    """What stands between head and tail; null where they don't frame the text. In: text, head, tail."""
    start, end = F.octet_length("head"), F.octet_length("tail")  # bytes: counting characters is slow
    framed = F.startswith("text", F.col("head")) & F.endswith("text", F.col("tail"))
    body = F.col("text").cast("binary")
    return F.when(framed, F.substr(body, start + 1, F.octet_length(body) - start - end).cast("string"))


def proven() -> Column:
    """True where the proof holds; false or null elsewhere. In: e, raw_value, is_text."""
    raw = F.col("raw_value")
    string = raw == F.concat(F.lit('"'), F.col(f"e.{VALUE}"), F.lit('"'))
    return F.when(F.col("is_text"), string).otherwise((raw != "") & ~F.contains(raw, F.lit('"')))


def _member(name: str) -> Column:
    text = F.concat(*_parts(f',"{name}":', name))
    return text if name in contracts().envelope_schema["required"] else F.coalesce(text, F.lit(""))


def _parts(label: str, name: str) -> list[Column]:
    if contracts().envelope_schema["properties"][name].get("type") in BARE:
        return [F.lit(label), F.col(f"e.{name}").cast("string")]
    return [F.lit(label + '"'), F.col(f"e.{name}"), F.lit('"')]
