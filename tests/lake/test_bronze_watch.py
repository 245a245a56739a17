"""Two queries are watched as one: the first that fails ends the run, and its time is waited once."""

from __future__ import annotations

from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import StreamingQueryException

from acme_lib.errors import Stop
from acme_lib.lake import bronze, bronze_stream


class Query:
    """A streaming query that goes on until it is stopped or fails."""

    def __init__(self, *faults: str) -> None:
        self.faults, self.isActive, self.stopped = list(faults), not faults, False

    def exception(self) -> Exception | None:
        return StreamingQueryException(self.faults[0]) if self.faults else None

    def awaitTermination(self, timeout: float | None = None) -> bool:
        if self.isActive and timeout is None:
            pytest.fail("the query that goes on is waited for, without end")
        sleep(timeout if self.isActive and timeout else 0)
        return not self.isActive

    def stop(self) -> None:
        self.isActive, self.stopped = False, True


class Streams:
    """The session's queries, as Spark's manager tells of them."""

    def __init__(self, queries: dict[str, Query]) -> None:
        self.queries, self.waits = queries, list[float | None]()

    def awaitAnyTermination(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if fault := next((q.exception() for q in self.queries.values() if q.faults), None):
            raise fault
        sleep(timeout or 0)
        return False

    def resetTerminated(self) -> None: ...


def watched(monkeypatch: pytest.MonkeyPatch, **of_hub: list[Query]) -> tuple[Any, dict[str, Query]]:
    """A lake whose hubs' queries are these, one after another; and those that run."""
    given = {hub.replace("_", "-"): list(found) for hub, found in of_hub.items()}
    running: dict[str, Query] = {}

    def start(hub: str, *_: object) -> Query:
        running[hub] = given[hub].pop(0)
        return running[hub]

    monkeypatch.setattr(bronze_stream, "_start", start)
    return SimpleNamespace(spark=SimpleNamespace(streams=Streams(running))), running


def ingest(lake: Any, **over: Any) -> dict[str, int]:
    return bronze_stream.ingest(bronze.Config(run_id="w", trigger="continuous", **over), lake)


def test_a_failed_query_ends_an_endless_run_whichever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    lake, running = watched(monkeypatch, telemetry=[Query()], telemetry_dlq=[Query("no such topic")])
    with pytest.raises(Stop, match="reading hub telemetry-dlq failed: no such topic; correct that and run again"):
        ingest(lake)
    assert running["telemetry"].stopped


def test_the_time_of_a_run_is_waited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lake, running = watched(monkeypatch, telemetry=[Query()], telemetry_dlq=[Query()])
    start = monotonic()
    ingest(lake, for_s=1)
    assert 1 <= monotonic() - start < 1.7
    assert all(query.stopped for query in running.values())


def test_a_batch_of_a_killed_run_is_forgiven_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = bronze_stream.REPLAY_FAULT
    lake, running = watched(monkeypatch, telemetry=[Query(fault), Query()], telemetry_dlq=[Query()])
    ingest(lake, for_s=0.2)
    assert running["telemetry"].stopped
    lake, _ = watched(monkeypatch, telemetry=[Query(fault), Query(fault)], telemetry_dlq=[Query()])
    with pytest.raises(Stop, match="reading hub telemetry failed"):
        ingest(lake)
