"""Copies among the readable bodies of Bronze, counted from their bytes: what Silver must have removed, whatever it says."""

from __future__ import annotations

from typing import Any

from acme_lib.run.evidence import Evidence

__all__ = ["copies"]

STAMP = (
    r',"receivedUtc":"[^"]{24}","bridgeId":"(?:[^"\\]|\\.)*","bridgeSeq":[0-9]+\}$'  # as acme_lib.uns.stamp writes it
)
SENT = f"regexp_replace(try(decode(body)), '{STAMP}', '}}')"
ID = r"""lower(regexp_extract(try(decode(body)), '"messageId"\s*:\s*"([^"]*)"', 1))"""
READABLE = """bronze_events ANTI JOIN (SELECT hub, source_partition, source_offset FROM silver_violations WHERE rule = 'UNREADABLE')
    USING (hub, source_partition, source_offset)"""
# 16 bytes a message, not its text
COUNTED = f"SELECT coalesce(sum(n), 0)::BIGINT AS stored, count(*) AS contents FROM (SELECT count(*) AS n FROM {READABLE} GROUP BY md5_number({SENT}))"
SEVERAL = f"""SELECT id FROM (SELECT DISTINCT {ID} AS id, md5_number({SENT}) AS content FROM {READABLE})
    GROUP BY id HAVING count(*) > 1"""
SPELLINGS = f"SELECT DISTINCT encode({SENT}) AS sent FROM {READABLE} WHERE {ID} IN ({SEVERAL})"
AT_ONCE = 10_000


def copies(evidence: Evidence) -> int:
    """Readable rows beyond the first of each content without the bridge's stamp. A content has its message id in it.

    Equal bytes are one content. Only where that makes more of them than Silver has rows are the few that share an id
    read, for a publisher may spell one content in two ways (`1` and `1.0`): reading all of them would cost minutes.
    """
    counted, silver = evidence.rows(COUNTED)[0], evidence.one("SELECT count(*) FROM silver_events")
    contents = int(counted["contents"])
    return int(counted["stored"]) - (contents - _respelled(evidence) if contents > silver else contents)


def _respelled(evidence: Evidence) -> int:
    """Spellings beyond the first of each content."""
    from acme_lib.lake.exact import read_body

    spellings, contents, rows = 0, set[Any](), evidence.db.execute(SPELLINGS)
    while some := rows.fetchmany(AT_ONCE):
        spellings += len(some)
        contents.update(_content(sent, read_body(sent)) for (sent,) in some)
    return spellings - len(contents)


def _content(sent: bytes, read: dict[str, Any]) -> Any:
    # a body that is refused here though Silver read it stands for itself: it must not pass for a copy
    return sent if "reason" in read else tuple(sorted(read.items()))
