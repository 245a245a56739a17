"""The backlog's trace says nothing but what it may: four statuses, and files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATUSES = ("done", "partial: ", "tenant: ", "not started")
ROWS = re.findall(
    r"^\| (US-F[\d.]+) .*?\| (.*?) \| (.*?) \| (.*?) \|$", (ROOT / "docs/backlog.md").read_text(), re.MULTILINE
)
FILE = re.compile(r"(?<![\w/`.])(?:docs|notebooks|acme_lib|tests|infra|edge_service)/[\w/.-]+\w")


@pytest.mark.parametrize(("story", "files", "tests", "status"), ROWS, ids=[row[0] for row in ROWS])
def test_a_story_has_a_known_status_and_names_what_exists(story: str, files: str, tests: str, status: str) -> None:
    assert status.startswith(STATUSES)
    assert [name for name in FILE.findall(f"{files}, {tests}") if not (ROOT / name).exists()] == []


def test_the_readme_leads_to_the_data_s_risks() -> None:
    assert "**Risks.**" in (ROOT / "docs/ml/eda-findings.md").read_text()
    assert "(docs/ml/eda-findings.md)" in (ROOT / "README.md").read_text()
