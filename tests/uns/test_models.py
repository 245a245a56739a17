"""Highbyte models and sample payloads: lint, change log, and what the models' publishers send."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.uns import Topic, Valid, judge, message_id
from acme_lib.uns.cli import app
from acme_lib.uns.models import content_hash, faults

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "infra" / "highbyte" / "models"
SAMPLES = sorted((ROOT / "tests" / "data" / "highbyte-samples").glob("*.json"))


def model(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_bytes())
    return found


def test_models_of_this_tree_have_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        app(["models", str(MODELS)])
    assert (left.value.code, capsys.readouterr().out) == (0, "no fault\n")


def test_a_folder_without_models_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no model there"):
        app(["models", str(tmp_path)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def changed(folder: Path, **over: Any) -> list[str]:
    """Faults after keys of the dryer's model were replaced, those of the change log aside."""
    (folder / "dryer.json").write_text(json.dumps({**model("dryer"), **over}))
    return [f for f in faults(folder, contracts()) if "CHANGELOG" not in f]


@pytest.mark.parametrize(
    ("over", "fault"),
    [
        ({"sourceSystem": ""}, "sourceSystem: is missing or empty"),
        ({"version": None}, "version: is missing or empty"),
        ({"version": "1.0"}, "version: '1.0' is no version"),
        ({"quality": {"Good": "GOOD"}}, "quality: maps to ['GOOD']; map the device's states to each of"),
        ({"instances": ["dallas/drying/line-1/cell-b/motor-01"]}, "motor-01 is no dryer of the asset registry"),
        ({"equipmentClass": "oven"}, "equipmentClass: oven is not in tags.yaml"),
        ({"attributes": [{"name": "speed", "type": "double", "source": "x"}]}, "attributes.speed: unit is missing"),
        ({"attributes": [{"name": "speed", "type": "double", "unit": "Hz", "source": "x"}]}, "write double in 'rpm'"),
        ({"attributes": [{"name": "mood", "type": "string", "unit": "", "source": "x"}]}, "attributes.mood: is no tag of dryer"),
    ],
)  # fmt: skip
def test_lint(folder: Path, over: dict[str, Any], fault: str) -> None:
    assert any(fault in found and found.startswith("dryer.json: ") for found in changed(folder, **over))


@pytest.mark.parametrize(("text", "fault"), [("{", "not JSON"), ("[]", "is no object")])
def test_a_file_that_is_no_model(folder: Path, text: str, fault: str) -> None:
    (folder / "dryer.json").write_text(text)
    assert [fault in found for found in faults(folder, contracts())] == [True]


def test_a_changed_model_needs_a_new_version_and_its_row(folder: Path) -> None:
    new = {**model("dryer"), "description": "Another text."}
    path, log = folder / "dryer.json", folder / "CHANGELOG.md"
    path.write_text(json.dumps(new))
    (fault,) = faults(folder, contracts())
    assert "content changed under version 1.0.0" in fault
    new["version"] = "1.0.1"
    path.write_text(json.dumps(new))
    (fault,) = faults(folder, contracts())
    assert f"add the row | dryer | 1.0.1 | date | `{content_hash(new)}` |" in fault
    row = f"| dryer | 1.0.1 | 2026-11-26 | `{content_hash(new)}` | Text |\n"
    text = log.read_text()
    log.write_text(text + row)
    assert ["names version 1.0.0 above 1.0.1" in f for f in faults(folder, contracts())] == [True]
    log.write_text(text.replace("| compressor |", row + "| compressor |", 1))
    assert list(faults(folder, contracts())) == []
    log.write_text(log.read_text() + row)
    assert "dryer 1.0.1 stands twice" in next(faults(folder, contracts()))


def test_layout_of_a_model_is_no_change(folder: Path) -> None:
    (folder / "dryer.json").write_text(json.dumps(model("dryer"), sort_keys=True))
    assert list(faults(folder, contracts())) == []


def test_there_are_enough_samples_and_one_line_sends_every_flag() -> None:
    sent = [json.loads(path.read_bytes()) for path in SAMPLES]
    assert len(sent) >= 20
    flags = {m["quality"] for m in sent if Topic.parse(m["topic"]).line == "line-1" and "/drying/" in m["topic"]}
    assert flags == {flag.code for flag in contracts().quality.flags}
    assert {type(m["value"]) for m in sent} == {float, int, str, bool}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_sample_is_an_envelope_of_its_model(path: Path) -> None:
    data = path.read_bytes()
    sent = json.loads(data)
    assert judge(sent["topic"], data) == Valid()
    assert sent["messageId"] == message_id(sent["sourceSystem"], sent["topic"], sent["epoch"], sent["seq"])
    topic = Topic.parse(sent["topic"])
    registered = {e.path: e.equipment_class for e in contracts().assets.equipment}
    of = model(registered[topic.equipment_id])
    assert (sent["sourceSystem"], sent["lineageVersion"]) == (of["sourceSystem"], of["version"])
    assert {a["name"]: a["unit"] for a in of["attributes"]}[topic.tag] == sent["units"]
