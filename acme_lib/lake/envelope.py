"""Bodies of Bronze as typed columns: Spark's own functions for ordinary rows, with a proof that each is ordinary.

A row is `plain` only where the cheap facts prove that the bridge's judgement would be "valid" and that no field is
unknown; every other row goes to `exact`, which asks the bridge's own code. The proof, for a body without backslashes:

- members of the object are at least the known non-null ones, n; n members need n - 1 commas. As many commas as that
  leave none for an unknown field, a repeated key, a null or anything nested.
- n keys and s strings need 2 (n + s) quotes; as many as that show each field of type string to be one.
- the body ends with the stamp (or with its only closing brace), so nothing stands behind the object.
- no bracket and no second opening brace: nothing nested stands where a string is expected.

Bodies in the contract's own order need none of this counting: `canonical` proves them by writing them again.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake import canonical, dedupe

__all__ = ["CARRIED", "INSTANT", "PARSED", "parse"]

CARRIED = ("hub", "source_partition", "source_offset", "enqueued_utc", "enqueued_date")
PARSED = (
    "message_id string, ts_utc timestamp, topic string, value_double double, value_bool boolean, value_string string, "
    "quality string, units string, source_system string, lineage_version string, schema_version string, "
    "error_code string, epoch string, seq bigint, correlation_id string, replayed boolean, received_utc timestamp, "
    "bridge_id string, bridge_seq bigint, raw_extra string, reason string, detail string"
)
"""What reading a body gives, by `parse` or by `exact`; reason and detail only where it can't be read."""

INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"  # as the bridge writes receivedUtc
REQUIRED = (
    "messageId",
    "tsUtc",
    "topic",
    "value",
    "quality",
    "units",
    "sourceSystem",
    "lineageVersion",
    "schemaVersion",
)
STRINGS = ("messageId", "tsUtc", "topic", "quality", "units", "sourceSystem", "lineageVersion", "schemaVersion")
MAYBE_STRINGS = ("errorCode", "epoch", "correlationId", "receivedUtc", "bridgeId")
MAYBE_OTHERS = {"seq": "bigint", "replayed": "boolean", "bridgeSeq": "bigint"}
OPTIONS = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false", "columnNameOfCorruptRecord": "_bad"}


def fields() -> str:
    texts = ", ".join(f"{name} string" for name in (*REQUIRED, *MAYBE_STRINGS))
    return f"{texts}, {', '.join(f'{n} {t}' for n, t in MAYBE_OTHERS.items())}, _bad string"


def count(text: Column, char: str) -> Column:
    return F.size(F.split(text, char)) - 1  # measured: a third of the time of replacing the character


def present(name: str) -> Column:
    return F.col(f"e.{name}").isNotNull().cast("int")


def is_text() -> Column:
    """The value is a JSON string: without backslashes `"value"` before a colon can only be the key."""
    body, raw = F.col("text"), F.col("raw_value")
    anywhere = F.contains(body, F.lit('"value":"')) | F.contains(body, F.lit('"value": "'))
    return F.when(raw.isNotNull(), F.startswith(raw, F.lit('"'))).otherwise(anywhere)


def whole() -> Column:
    """Nothing stands behind the object, and the bridge's fields stand only where the bridge sets them."""
    body, sent = F.col("text"), F.col("e.bridgeSeq")
    stamp = F.concat(
        F.lit(',"receivedUtc":"'), F.col("e.receivedUtc"), F.lit('","bridgeId":"'), F.col("e.bridgeId"),
        F.lit('","bridgeSeq":'), sent.cast("string"), F.lit("}"),
    )  # fmt: skip
    unstamped = F.col("e.receivedUtc").isNull() & F.col("e.bridgeId").isNull()
    only_brace = F.instr(body, "}") == F.length(body)
    return F.when(sent.isNotNull(), F.endswith(body, stamp)).otherwise(unstamped & only_brace)


def timely() -> Column:
    """The bridge's instant is in the form the bridge writes, where there is one."""
    received = F.col("e.receivedUtc")
    return received.isNull() | (received.rlike(f"^{INSTANT}$") & F.col("received_utc").isNotNull())


def counted_out() -> Column:
    """The proof above."""
    text = F.col("text")
    nested = F.contains(text, F.lit("[")) | (F.locate("{", "text", 2) > 0)
    return ~F.contains(text, F.lit("\\")) & ~nested & F.is_valid_utf8("text") & shaped() & whole()


def shaped() -> Column:
    """The counts of the proof above."""
    body = F.col("text")
    known = F.lit(len(REQUIRED)) + reduce(add, (present(n) for n in (*MAYBE_STRINGS, *MAYBE_OTHERS)))
    strings = F.lit(len(STRINGS)) + reduce(add, (present(n) for n in MAYBE_STRINGS)) + F.col("is_text").cast("int")
    return (count(body, ",") == known - 1) & (count(body, '"') == 2 * (known + strings))


def _pattern(name: str) -> str:
    return str(contracts().envelope_schema["properties"][name]["pattern"])


def bounded() -> Column:
    """The schema's patterns and bounds (contracts/envelope) and the policy of reasons.yaml. Topics and ids are judged apart."""
    schema, reasons = contracts().envelope_schema["properties"], contracts().reasons
    texts = ("topic", "units", "sourceSystem", "errorCode", "epoch", "correlationId")
    fits = [fits_in(F.col(f"e.{name}"), schema[name].get("minLength", 0), schema[name]["maxLength"]) for name in texts]
    patterns = [F.col(f"e.{n}").rlike(_pattern(n)) for n in ("tsUtc", "lineageVersion")]
    first, last = reasons.timestamp_bounds.first, reasons.timestamp_bounds.last
    checks = [
        F.col("e.quality").isin([f.code for f in contracts().quality.flags]),
        F.col("e.schemaVersion").isin(reasons.accepted_schema_versions),
        F.col("ts_utc").between(F.lit(first).cast("timestamp"), F.lit(last).cast("timestamp")),
        *(F.coalesce(c, F.lit(True)) for c in fits),
        F.coalesce(F.col("e.seq").between(schema["seq"]["minimum"], schema["seq"]["maximum"]), F.lit(True)),
        ~F.col("is_text") | fits_in(F.col("e.value"), 0, schema["value"]["maxLength"]),
        F.col("is_text") | F.col("value_bool").isNotNull() | (F.abs("value_double") < float("inf")),
        *patterns,
    ]
    return reduce(Column.__and__, checks)


def fits_in(text: Column, least: int, most: int) -> Column:
    """So many characters, of one to four bytes each. Bytes are counted first: to count characters Spark walks along them."""
    size, length = F.octet_length(text), F.length(text)
    return ((size >= 4 * least) & (size <= most)) | length.between(least, most)


def instant(text: Column) -> Column:
    """A UTC instant; null where it is none. Without its Z, for Spark finds a zone by a regular expression."""
    return F.when(F.endswith(text, F.lit("Z")), F.rtrim(text, F.lit("Z")).try_cast("timestamp"))


def parse(raw: DataFrame) -> DataFrame:
    """Reads bodies. In: bronze_events. Out: CARRIED, PARSED, `plain`, `counted` where it is, and `body` where it is not."""
    texts = raw.select(*CARRIED, F.col("body").cast("string").alias("text"))
    read = texts.select("*", F.from_json("text", fields(), OPTIONS).alias("e"))
    framed = read.withColumns(canonical.written()).withColumn("raw_value", canonical.raw_value())
    value, text = F.col("e.value"), F.col("is_text")
    typed = framed.withColumn("is_text", is_text()).withColumns(
        {
            "ts_utc": instant(F.col("e.tsUtc")),
            "received_utc": instant(F.col("e.receivedUtc")),
            "value_bool": F.when(~text & value.isin("true", "false"), value == "true"),
            "value_double": F.when(~text & ~value.isin("true", "false"), value.try_cast("double")),
        }
    )
    ordinary = [
        F.col("e._bad").isNull(),
        *(F.col(f"e.{n}").isNotNull() for n in REQUIRED),
        F.octet_length("text") <= contracts().reasons.max_payload_bytes,
        F.coalesce(canonical.proven(), F.lit(False)) | counted_out(),
        timely(),
        bounded(),
    ]
    judged = typed.withColumn("plain", F.coalesce(reduce(Column.__and__, ordinary), F.lit(False)))
    known = judged.select(*CARRIED, *parsed_columns(), "plain", "text").withColumn("counted", dedupe.counted())
    identified = F.col("counted") | F.col("message_id").rlike(_pattern("messageId"))  # a derived id is a UUID
    sound = known.withColumn("plain", F.col("plain") & identified)
    body = F.when(~F.col("plain"), F.col("text").cast("binary"))
    return sound.withColumns({"counted": F.col("plain") & F.col("counted"), "body": body}).drop("text")


def parsed_columns() -> list[Column]:
    names = {
        "message_id": F.lower("e.messageId"), "ts_utc": F.col("ts_utc"), "topic": F.col("e.topic"),
        "value_double": F.col("value_double"), "value_bool": F.col("value_bool"),
        "value_string": F.when(F.col("is_text"), F.col("e.value")), "quality": F.col("e.quality"),
        "units": F.col("e.units"), "source_system": F.col("e.sourceSystem"),
        "lineage_version": F.col("e.lineageVersion"), "schema_version": F.col("e.schemaVersion"),
        "error_code": F.col("e.errorCode"), "epoch": F.col("e.epoch"), "seq": F.col("e.seq"),
        "correlation_id": F.col("e.correlationId"), "replayed": F.coalesce("e.replayed", F.lit(False)),
        "received_utc": F.col("received_utc"), "bridge_id": F.col("e.bridgeId"),
        "bridge_seq": F.col("e.bridgeSeq"), "raw_extra": F.lit(None).cast("string"),
        "reason": F.lit(None).cast("string"), "detail": F.lit(None).cast("string"),
    }  # fmt: skip
    return [column.alias(name) for name, column in names.items()]
