"""The loader: every file of this release, and errors that name file, key and mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acme_lib.contracts import Contracts, InvalidContract, contracts

FOLDER = Path(__file__).parents[2] / "acme_lib" / "contracts"
PROPERTIES = (
    "uns",
    "reasons",
    "quality",
    "rules",
    "bridge",
    "assets",
    "tags",
    "metrics",
    "alerts",
    "roles",
    "environments",
    "features",
    "questions",
    "historians",
)


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_contract_loads_and_has_a_version(name: str) -> None:
    assert getattr(contracts(), name).version.count(".") == 2


def test_tables_are_found_by_name() -> None:
    assert contracts().tables["bronze_events"].partition_by == ["enqueued_date"]


@pytest.mark.parametrize(
    ("file", "name", "old", "new", "message"),
    [
        ("uns.yaml", "uns", "max_length: 200", "max_length: long", r"uns.yaml: Expected `int`, got `str` - at `\$.max_length`; correct that key"),
        ("uns.yaml", "uns", "casing: lower", "casing: lower\ncolour: red", "uns.yaml: Object contains unknown field `colour`"),
        ("uns.yaml", "uns", "casing: lower", "", "uns.yaml: Object missing required field `casing`"),
        ("tags.yaml", "tags", "kind: gauge", "kind: gage", r"tags.yaml: Invalid enum value 'gage' - at `\$.classes\[...\].tags\[0\].kind`"),
        ("roles.yaml", "roles", "activity: publish", "activity: shout", r"roles.yaml: Invalid enum value 'shout' - at `\$.roles\[0\].topics\[0\].activity`"),
        ("tables/gold.yaml", "layers", "layer: gold", "layer: [", r"(?s)gold.yaml: not YAML \(.*\); correct the syntax there"),
    ],
)  # fmt: skip
def test_error_names_file_key_and_mend(tmp_path: Path, file: str, name: str, old: str, new: str, message: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "c")
    path = tmp_path / "c" / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InvalidContract, match=message):
        getattr(Contracts(tmp_path / "c"), name)


def test_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidContract, match=r"uns.yaml: no such contract; restore it"):
        _ = Contracts(tmp_path).uns
