"""Facts without a description, and contracts that contradict each other, are named with file, key and mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acme_lib.contracts import Contracts, contracts
from acme_lib.render import problems

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "acme_lib" / "contracts"


def changed(tmp_path: Path, file: str, old: str, new: str) -> Contracts:
    """The contracts with one text of one file replaced."""
    folder = tmp_path / "contracts"
    shutil.copytree(FOLDER, folder)
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return Contracts(folder)


def test_the_contracts_of_this_release_have_no_problem() -> None:
    assert [str(p) for p in problems(contracts(), ROOT)] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "mend"),
    [
        ("tables/gold.yaml", "description: Sites, from the asset registry.", 'description: ""', "gold_dim_site", "has no description"),
        ("tables/silver.yaml", "description: UNS topic,", 'description: "",', "silver_events.topic", "has no description"),
        ("tables/gold.yaml", "description: IANA time zone, derivation: asset registry", 'description: IANA time zone, derivation: " "', "gold_dim_site.time_zone", "has no description"),
        ("tags.yaml", 'description: "Main drive current."', 'description: ""', "dryer.current", "has no description"),
        ("metrics.yaml", 'description: "Disk used by the journal."', 'description: ""', "acme_bridge_journal_bytes", "has no description"),
        ("roles.yaml", 'description: "People and tools that watch and analyse: read telemetry, publish nothing."', 'description: ""', "subscriber-analytics", "has no description"),
        ("assets.yaml", "class: dryer,", "class: oven,", "dallas/drying/line-1/cell-a/dryer-01", "class oven is not in tags.yaml"),
        ("assets.yaml", "path: dallas/drying/line-1/cell-a/dryer-02", "path: dallas/drying/line-9/cell-a/dryer-02", "dallas/drying/line-9", "not under lines"),
        ("assets.yaml", "path: leipzig/packaging/line-2, name", "path: berlin/packaging/line-2, name", "berlin/packaging/line-2", "not under sites"),
        ("assets.yaml", "cell-a/dryer-02", "cell-a/dryer-01", "dallas/drying/line-1/cell-a/dryer-01", "stands twice"),
        ("roles.yaml", "role: edge", "role: edgy", "edge-1", "role edgy is not under roles"),
        ("roles.yaml", '"acme/#", activity: publish', '"acme/Dallas/#", activity: publish', "publisher-equipment.topics", "correct the filter"),
        ("tables/bronze.yaml", "partition_by: [enqueued_date]", "partition_by: [day]", "bronze_events.partition_by", "names column day"),
        ("tables/gold.yaml", "unique_on: [site_key]", "unique_on: [key]", "gold_dim_site.unique_on", "names column key"),
        ("alerts.yaml", "metric: acme_bridge_journal_bytes", "metric: acme_disk", "journal_disk_high", "metric acme_disk is not in metrics.yaml"),
        ("alerts.yaml", "docs/runbooks/ledger.md", "docs/runbooks/none.md", "ledger_unbalanced.runbook", "does not exist"),
        ("bridge.yaml", "hub: telemetry\n", "hub: events\n", "hub", "events is not under hubs"),
        ("bridge.yaml", 'include: ["acme/#"]', 'include: ["acme/#/x"]', "include or exclude", "correct the filter"),
        ("quality.yaml", "code: STALE", "code: OLD", "flags", "differ from the envelope schema"),
        ("tags.yaml", "name: vibration_de", "name: vibration-de", "dryer.vibration-de", "breaks the grammar"),
        ("tags.yaml", "range: [0, 50]", "range: [50, 0]", "dryer.vibration_de.range", "is empty"),
        ("tags.yaml", "- {name: gauge, description", "- {name: label, description", "dryer.vibration_de", "kind gauge is not under kinds"),
        ("uns.yaml", "examples: [dallas, leipzig, testbed]", "examples: [dallas]", "site.examples", "fewer than 3"),
    ],
)  # fmt: skip
def test_problem_names_file_key_and_mend(tmp_path: Path, file: str, old: str, new: str, key: str, mend: str) -> None:
    found = [p for p in problems(changed(tmp_path, file, old, new), ROOT) if p.file == file and p.key.startswith(key)]
    assert found, f"{file}: {key}"
    assert mend in found[0].mend
    assert str(found[0]).startswith(f"acme_lib/contracts/{file}: {key}")
