"""`acme run --ml` whole, as a user types it: a use case that was added without code, from a file to figures in a table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable
from sklearn.metrics import average_precision_score, f1_score

pytestmark = [pytest.mark.spark, pytest.mark.drill]
DATA = Path(os.environ.get("ACME_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "ai4i2020"


def test_a_declared_use_case_goes_from_its_file_to_figures_that_the_table_gives_again(home: Path) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no public data in {DATA}; set ACME_DATA")
    command = [str(Path(sys.executable).with_name("acme")), "run", "--source", "ai4i", "--data", str(DATA), "--path", "backfill", "--ml", "--json"]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, "ACME_HOME": str(home)}, capture_output=True, text=True, timeout=900, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout)
    assert summary["balanced"]
    said = summary["models"]["ai4i_failure"]
    rows = DeltaTable(str(home / "lakehouse" / "Tables" / "gold_predictions")).to_pandas()
    test = rows[(rows.split == "test") & (rows.model_version == said["model_version"])]
    assert said["metrics"]["average_precision"] == pytest.approx(average_precision_score(test.label, test.prediction))
    alarm = test.prediction >= said["metrics"]["threshold"]
    assert said["metrics"]["f1"] == pytest.approx(f1_score(test.label, alarm))
