"""Schema evolution: classes of change, versions, frozen releases, and the simulated changes executed."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import orjson
import pytest
from typer.testing import CliRunner

from acme_lib.contracts import Contracts, contracts
from acme_lib.errors import Stop, WrongUse
from acme_lib.render.simulated import additive_field, new_site, new_tag_level
from acme_lib.uns import Rejected, Valid, judge
from acme_lib.uns.envelope import Judge
from acme_lib.uns.evolution import Level, bumped_enough, changes, kind_of, level_of
from acme_lib.uns.grammar import Grammar
from acme_lib.uns.releases import SUBJECTS, faults, newest, read, release, since_release
from acme_lib.uns.schema_cli import app
from tests.uns.vectors import payload, vectors

RUNNER = CliRunner()
SCHEMA = contracts().envelope_schema
VALID = [(row["topic"], payload(row)) for row in vectors() if row["verdict"] == "valid"]


def schema(**over: Any) -> dict[str, Any]:
    """The envelope schema with keys of the root replaced."""
    return {**copy.deepcopy(SCHEMA), **over}


def field(name: str, **over: Any) -> dict[str, Any]:
    """The envelope schema with one property's keys replaced (None removes)."""
    found = schema()
    found["properties"][name] = {
        k: v for k, v in {**found["properties"].get(name, {}), **over}.items() if v is not None
    }
    return found


@pytest.mark.parametrize(
    ("new", "level"),
    [
        (schema(), None),
        (schema(version="9.9.9"), None),
        (schema(title="x"), "PATCH"),
        (field("units", description="x"), "PATCH"),
        (field("batchId", type="string"), "MINOR"),
        (field("units", maxLength=64), "MINOR"),
        (field("units", maxLength=None), "MINOR"),
        (field("units", maxLength=8), "MAJOR"),
        (field("units", minLength=1), "MAJOR"),
        (field("sourceSystem", minLength=0), "MINOR"),
        (field("seq", minimum=1), "MAJOR"),
        (field("quality", enum=["GOOD", "STALE", "SIMULATED", "ERROR", "MANUAL"]), "MINOR"),
        (field("quality", enum=["GOOD", "ERROR"]), "MAJOR"),
        (field("quality", enum=["GOOD", "STALE", "SIMULATED", "BAD"]), "MAJOR"),
        (field("units", type=["string", "null"]), "MINOR"),
        (field("value", type="number"), "MAJOR"),
        (field("messageId", pattern="^x$"), "MAJOR"),
        (field("messageId", pattern=None), "MINOR"),
        (field("epoch", pattern="^x$"), "MAJOR"),
        (field("quality", type="string"), "MAJOR"),
        (schema(required=[*SCHEMA["required"], "epoch"]), "MAJOR"),
        (schema(required=SCHEMA["required"][1:]), "MAJOR"),
        (schema(additionalProperties=False), "MAJOR"),
        (schema(properties={k: v for k, v in SCHEMA["properties"].items() if k != "units"}), "MAJOR"),
        (schema(required=[*SCHEMA["required"], "batchId"], properties={**SCHEMA["properties"], "batchId": {}}), "MAJOR"),
    ],
)  # fmt: skip
def test_class_of_an_envelope_change(new: dict[str, Any], level: str | None) -> None:
    found = level_of(changes("envelope", SCHEMA, new))
    assert (found.name if found else None) == level


def text(kind: str, old: str, new: str) -> str | None:
    """Class of one textual change of a registry file."""
    path = contracts().folder / f"{kind}.yaml"
    content = path.read_text()
    assert old in content
    before, after = (msgspec.yaml.decode(c.encode()) for c in (content, content.replace(old, new, 1)))
    found = level_of(changes(kind, before, after))
    return found.name if found else None


@pytest.mark.parametrize(
    ("kind", "old", "new", "level"),
    [
        ("uns", "A production area within a site.", "An area.", "PATCH"),
        ("uns", "examples: [dallas, leipzig, testbed]", "examples: [dallas, leipzig, porto]", "PATCH"),
        ("uns", 'pattern: "acme"', 'pattern: "acme|newco"', "MINOR"),
        ("uns", 'pattern: "acme"', 'pattern: "newco"', "MAJOR"),
        ("uns", "max_length: 200", "max_length: 240", "MINOR"),
        ("uns", "max_length: 32", "max_length: 16", "MAJOR"),
        ("uns", "name: cell", "name: workcell", "MAJOR"),
        ("uns", "casing: lower", "casing: any", "MAJOR"),
        ("assets", "name: Dallas Works", "name: Dallas", "PATCH"),
        ("assets", "model: BD-400", "model: BD-401", "PATCH"),
        ("assets", "class: dryer", "class: pump", "MAJOR"),
        ("assets", "time_zone: UTC", "time_zone: Europe/Berlin", "MAJOR"),
        ("assets", "cell-b/pump-02", "cell-b/pump-03", "MAJOR"),
        ("tags", "Main drive current.", "Current.", "PATCH"),
        ("tags", "range: [0, 50]", "range: [0, 60]", "PATCH"),
        ("tags", 'unit: "mm/s"', 'unit: "g"', "MAJOR"),
        ("tags", "kind: gauge", "kind: counter", "MAJOR"),
        ("tags", "aggregates: [increase, resets]", "aggregates: [increase, resets, last]", "MINOR"),
        ("tags", "aggregates: [increase, resets]", "aggregates: [increase]", "MAJOR"),
        ("tags", "  - {name: STOPPED,", "  - {name: CLEANING, running: false, description: x}\n  - {name: STOPPED,", "MINOR"),
        ("tags", "name: moisture_actual", "name: moisture", "MAJOR"),
    ],
)  # fmt: skip
def test_class_of_a_registry_change(kind: str, old: str, new: str, level: str) -> None:
    assert text(kind, old, new) == level


@pytest.mark.parametrize(
    ("old", "new", "level", "enough"),
    [
        ("1.0.0", "1.0.1", Level.PATCH, True),
        ("1.0.0", "1.0.0", Level.PATCH, False),
        ("1.0.0", "1.0.1", Level.MINOR, False),
        ("1.9.3", "1.10.0", Level.MINOR, True),
        ("1.9.3", "2.0.0", Level.MINOR, True),
        ("1.9.3", "1.10.0", Level.MAJOR, False),
        ("1.9.3", "2.0.0", Level.MAJOR, True),
        ("2.0.0", "1.9.9", Level.PATCH, False),
    ],
)
def test_version_is_bumped_enough(old: str, new: str, level: Level, enough: bool) -> None:
    assert bumped_enough(old, new, level) == enough


def test_versions_of_this_tree_hold() -> None:
    assert list(faults(contracts().folder)) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the contracts in which the working versions are the released ones."""
    shutil.copytree(contracts().folder, tmp_path / "c", ignore=shutil.ignore_patterns("__pycache__", "released"))
    release(tmp_path / "c")
    return tmp_path / "c"


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def test_unbumped_version_is_refused_and_a_bumped_one_released(folder: Path) -> None:
    version = Contracts(folder).tags.version
    edit(folder / "tags.yaml", "name: moisture_actual", "name: moisture")
    (fault,) = faults(folder)
    assert fault.startswith(f"tags.yaml: version {version} is not a MAJOR step above {version}")
    edit(folder / "tags.yaml", f"version: {version}", "version: 9.0.0")
    assert list(faults(folder)) == []
    assert release(folder) == ["released/tags-9.0.0.yaml"]
    assert release(folder) == []
    assert newest(folder, SUBJECTS[3]) == "9.0.0"


def test_a_released_version_is_frozen(folder: Path) -> None:
    name = SUBJECTS[1].frozen(Contracts(folder).uns.version)
    edit(folder / "released" / name, "casing: lower", "casing: lower ")
    assert f"released/{name}: a released version changed or is gone" in next(faults(folder))
    (folder / "released" / name).unlink()
    assert "is gone" in next(faults(folder))


def test_names_of_an_envelope_version_agree(folder: Path) -> None:
    edit(folder / SUBJECTS[0].working, '"version": "', '"version": "7')
    assert [f.split(":")[0] for f in faults(folder)] == [SUBJECTS[0].working, "reasons.yaml"]


def test_before_the_first_release(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="never released; run acme schema release"):
        since_release(tmp_path, SUBJECTS[0])


def test_backward_what_was_valid_stays_valid_within_a_major_version() -> None:
    now = jsonschema_rs.validator_for(SCHEMA)
    home = contracts().folder / SUBJECTS[0].released
    for path in home.glob("*.schema.json"):
        before = read(path)
        if before["version"].split(".")[0] != SCHEMA["version"].split(".")[0]:
            continue
        then = jsonschema_rs.validator_for(before)
        found = [orjson.loads(data) for _, data in VALID]
        assert [m["messageId"] for m in found if then.is_valid(m) and not now.is_valid(m)] == []
        assert sum(map(then.is_valid, found)) > 30


def test_simulated_additive_field() -> None:
    after = additive_field(contracts())
    new = after.envelope_schema
    found = changes("envelope", SCHEMA, new)
    assert [str(c) for c in found] == ["MINOR properties.batchId: added, optional"]
    assert not bumped_enough(SCHEMA["version"], SCHEMA["version"], Level.MINOR)
    assert bumped_enough(SCHEMA["version"], new["version"], Level.MINOR)
    later = Judge(after)
    assert [later(topic, data) for topic, data in VALID] == [Valid()] * len(VALID)
    topic, data = VALID[0]
    added = {**orjson.loads(data), "batchId": "b-1"}
    assert judge(topic, orjson.dumps(added)) == Valid()
    renewed = orjson.dumps({**added, "schemaVersion": new["version"]})
    assert judge(topic, renewed) == Rejected("SCHEMA_INVALID", "SCHEMA_VERSION_UNKNOWN")
    assert later(topic, renewed) == Valid()
    assert later(topic, orjson.dumps({**added, "batchId": 5})) == Rejected("SCHEMA_INVALID", "TYPE_MISMATCH")


def test_simulated_site() -> None:
    after = new_site(contracts())
    found = changes("assets", msgspec.to_builtins(contracts().assets), msgspec.to_builtins(after.assets))
    assert {c.level for c in found} == {Level.MINOR}
    assert bumped_enough(contracts().assets.version, after.assets.version, Level.MINOR)
    before = {e.path for e in contracts().assets.equipment}
    assert {e.path for e in after.assets.equipment} - before == {"porto/drying/line-1/cell-a/dryer-01"}
    assert [site.id for site in contracts().assets.sites if site.id == "porto"] == []


def test_simulated_tag_level() -> None:
    after = new_tag_level(contracts())
    found = changes("uns", msgspec.to_builtins(contracts().uns), msgspec.to_builtins(after.uns))
    assert level_of(found) == Level.MAJOR
    assert bumped_enough(contracts().uns.version, after.uns.version, Level.MAJOR)
    old = VALID[0][0]
    new = old.replace("/vibration_de", "/gearbox/vibration_de")
    assert Grammar(after.uns).violations(new) == []
    assert Grammar(after.uns).violations(old) != []


def test_commands(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "b.json").write_text(json.dumps(field("batchId", type="string")))
    names = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert RUNNER.invoke(app, ["diff", *names]).output == "MINOR properties.batchId: added, optional\nenvelope: MINOR\n"
    assert json.loads(RUNNER.invoke(app, ["diff", *names, "--json"]).output)["level"] == "MINOR"
    assert RUNNER.invoke(app, ["diff", names[0], names[0]]).output == "envelope: none\n"
    monkeypatch.setattr("acme_lib.contracts.contracts", lambda: Contracts(folder))
    assert RUNNER.invoke(app, ["check"]).exit_code == 0
    assert RUNNER.invoke(app, ["release"]).output == "every version is released already\n"
    edit(folder / "tags.yaml", "name: moisture_actual", "name: moisture")
    refused = RUNNER.invoke(app, ["check"])
    assert refused.exit_code == 1
    assert "MAJOR classes.dryer.tags.moisture_actual: removed" in refused.output
    report = json.loads(RUNNER.invoke(app, ["check", "--json"]).output)
    assert report["contracts"]["tags"]["level"] == "MAJOR"
    assert len(report["faults"]) == 1
    assert isinstance(RUNNER.invoke(app, ["release"]).exception, Stop)


@pytest.mark.parametrize("content", ["{", "[1]", "{}", '{"a": 1}'])
def test_no_contract_is_wrong_use(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert isinstance(
        RUNNER.invoke(app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "a.json")]).exception, WrongUse
    )
    assert kind_of({}) is None
