"""A run that fails leaves a report of it, with the failure on top, however broken the tables are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from acme_lib.bridge import assemble
from acme_lib.errors import Stop, WrongUse
from acme_lib.processes import free_port
from acme_lib.run import main_job
from acme_lib.run.main_job import MainJob
from acme_lib.run.options import RunOptions
from acme_lib.settings import Settings, settings

GOOD = "20261124T230000Z"


@pytest.fixture
def after_a_good_run(home: Path) -> Settings:
    """A home whose `latest` shows a good run, and whose state is kept."""
    (home / "runs" / GOOD).mkdir(parents=True)
    (home / "runs" / "latest").symlink_to(GOOD)
    return settings()


def failing(found: Settings, data: Path) -> MainJob:
    """A backfill whose file is replaced by something else as its stage begins: the real command refuses it."""
    file = data / "train_FD001.txt"
    file.write_text("1 1 0 0 100" + 21 * " 1.5" + "\n")

    def torn(stage: str) -> None:
        if stage == "backfill":
            file.write_text("1 1 not a number\n")

    return MainJob(RunOptions(source="cmapss", data=data, path="backfill", fresh=False), found, torn)


def left(found: Settings) -> tuple[dict[str, Any], str]:
    latest = found.home / "runs" / "latest"
    return json.loads((latest / "summary.json").read_text()), (latest / "report.html").read_text()


def test_latest_shows_the_failed_run_and_the_error_is_raised_as_before(
    after_a_good_run: Settings, tmp_path: Path
) -> None:
    job = failing(after_a_good_run, tmp_path)
    with pytest.raises(Stop, match=r"acme plant backfill failed \(exit 2\)") as raised:
        job.run()
    summary, page = left(after_a_good_run)
    assert (summary["run_id"], summary["balanced"]) == (job.run_id, False)
    assert job.run_id != GOOD
    assert (summary["failed"]["stage"], summary["failed"]["message"]) == ("backfill", str(raised.value))
    assert page.index("Failed in backfill.") < page.index("Ledger")
    assert "Nothing lost" not in page
    assert (after_a_good_run.home / "runs" / "unfinished").exists()  # the next run goes on


def test_what_is_known_by_then_is_told(after_a_good_run: Settings, tmp_path: Path) -> None:
    """Two Bronze rows from earlier, one of them a copy that no Silver took; a table without its file; one that is no table."""
    tables = after_a_good_run.lakehouse_dir / "Tables"
    body = b'{"messageId":"m0"}'
    rows = {"hub": ["telemetry"] * 2, "source_partition": pa.array([0, 0], pa.int32()), "source_offset": [0, 1], "body": [body, body]}  # fmt: skip
    instants = dict.fromkeys(("enqueued_utc", "received_utc"), [datetime(2026, 11, 24, tzinfo=UTC)] * 2)
    write_deltalake(str(tables / "bronze_events"), pa.table({**rows, **instants}))
    write_deltalake(str(tables / "silver_events"), pa.table({"message_id": ["m0"]}))
    for part in (tables / "silver_events").glob("*.parquet"):
        part.unlink()
    (tables / "gold_hourly" / "_delta_log").mkdir(parents=True)
    (tables / "gold_hourly" / "_delta_log" / "00000000000000000000.json").write_text('{"commitInfo"')
    assemble.alerts(after_a_good_run).open("ledger_unbalanced", "bridge-1", 3, datetime(2026, 11, 24, tzinfo=UTC))
    with pytest.raises(Stop, match="acme plant backfill failed"):
        failing(after_a_good_run, tmp_path).run()
    summary, page = left(after_a_good_run)
    assert (summary["bronze_rows"], summary["silver_rows"], summary["duplicates_removed"]) == (2, 0, 1)
    assert set(summary["failed"]["untold"]) == {"silver_events", "gold_hourly"}
    assert [a["rule"] for a in summary["alerts"]] == ["ledger_unbalanced"]
    assert "Not told, silver_events" in page
    assert "docs/runbooks/ledger.md" in page
    assert "Throughput" in page  # pictures of what can be read


def test_tables_that_open_and_can_t_be_understood_cost_the_pictures_not_the_report(
    after_a_good_run: Settings, tmp_path: Path
) -> None:
    write_deltalake(str(after_a_good_run.lakehouse_dir / "Tables" / "silver_events"), pa.table({"other": [1]}))
    with pytest.raises(Stop, match="acme plant backfill failed"):
        failing(after_a_good_run, tmp_path).run()
    summary, page = left(after_a_good_run)
    assert "proven" in summary["failed"]["untold"]
    assert "Failed in backfill." in page


def test_a_notebook_that_fails_is_named(
    after_a_good_run: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real notebook in the real kernel, which finds no jars. What stands before it would need Spark too."""
    monkeypatch.setenv("ACME_JARS", str(tmp_path / "no-jars"))
    monkeypatch.setattr(main_job, "held", lambda options: {"backfill/cmapss/fd001/train@00000000": 74})
    monkeypatch.setattr(main_job, "backfill", lambda options, log: {})
    with pytest.raises(Stop, match="notebook silver_transform failed"):
        failing(after_a_good_run, tmp_path).run()
    summary, page = left(after_a_good_run)
    assert summary["failed"]["stage"] == "notebook silver_transform"
    assert (summary["published"], summary["missing"]) == (74, 74)
    assert "Failed in notebook silver_transform." in page


def test_what_is_refused_before_the_start_leaves_latest_alone(after_a_good_run: Settings, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no such folder"):
        MainJob(RunOptions(source="cmapss", data=tmp_path / "none", path="backfill"), after_a_good_run).run()
    assert (after_a_good_run.home / "runs" / "latest").readlink() == Path(GOOD)


def test_a_part_of_the_stack_that_can_t_start_is_named_though_no_bridge_ever_ran(
    after_a_good_run: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_JARS", str(tmp_path / "no-jars"))
    ports = {"kafka_port": free_port(), "amqp_port": free_port(), "control_port": free_port()}
    found = Settings(home=after_a_good_run.home, broker={"port": free_port()}, eventhubs=ports)  # type: ignore[arg-type]
    with pytest.raises(Stop) as raised:
        MainJob(RunOptions(), found).run()
    summary, _ = left(found)
    assert summary["failed"] == {"stage": "start", "message": str(raised.value), "untold": {}}
    assert (summary["published"], summary["accepted"], summary["hops"][0]["left"]) == (0, 0, 0)
