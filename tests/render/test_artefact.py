"""Rendering: whole files and marked blocks, hand edits found and explained, the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.render import Artefact, app, artefacts, differences, text_of, write

ROOT = Path(__file__).parents[2]
RUNNER = CliRunner()


def flags(templates: Path, **over: object) -> Artefact:
    """A small artefact over the quality flags."""
    (templates / "t.md.j2").write_text("{% for f in flags %}\n| {{ f | cell }} |\n{% endfor %}\n")
    default = {"path": "docs/t.md", "template": "t.md.j2", "sources": ("quality.yaml",), "templates": templates}
    return Artefact(**{**default, "facts": lambda c: {"flags": [f.code for f in c.quality.flags]}, **over})  # type: ignore[arg-type]


def test_the_tree_is_as_rendered() -> None:
    assert [d.path for d in differences(artefacts(), contracts(), ROOT)] == []


def test_whole_file_says_what_to_edit_and_holds_the_facts(tmp_path: Path) -> None:
    artefact = flags(tmp_path)
    assert write([artefact], contracts(), tmp_path) == ["docs/t.md"]
    assert (tmp_path / "docs/t.md").read_text() == (
        "<!-- Rendered by `acme render` from quality.yaml: edit acme_lib/contracts instead of this file. -->\n\n"
        "| GOOD |\n| STALE |\n| SIMULATED |\n| ERROR |\n"
    )
    assert write([artefact], contracts(), tmp_path) == []


def test_hand_edit_is_found_and_the_contract_named(tmp_path: Path) -> None:
    artefact = flags(tmp_path)
    write([artefact], contracts(), tmp_path)
    path = tmp_path / "docs/t.md"
    path.write_text(path.read_text().replace("STALE", "OLD"))
    (found,) = differences([artefact], contracts(), tmp_path)
    assert found.path == "docs/t.md"
    assert "edit acme_lib/contracts/quality.yaml" in found.mend
    assert found.diff.splitlines()[-2:] == ["-| STALE |", "+| OLD |"]


def test_long_differences_are_cut_short(tmp_path: Path) -> None:
    artefact = flags(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/t.md").write_text("\n".join(map(str, range(100))) + "x" * 300)
    (found,) = differences([artefact], contracts(), tmp_path)
    assert found.diff.splitlines()[-1].endswith("lines more")
    assert len(found.diff) < 2500


def test_block_leaves_the_text_around_it(tmp_path: Path) -> None:
    present = "by hand\n<!-- rendered: b -->\nold\n<!-- end: b -->\nmore by hand\n"
    text = text_of(flags(tmp_path, block="b"), contracts(), present)
    assert text.startswith("by hand\n<!-- rendered: b -->\n| GOOD |\n")
    assert text.endswith("| ERROR |\n<!-- end: b -->\nmore by hand\n")


@pytest.mark.parametrize("present", [None, "no marks", "<!-- rendered: b -->\n"])
def test_block_without_marks_says_what_to_write(tmp_path: Path, present: str | None) -> None:
    with pytest.raises(WrongUse, match="write one pair of marks <!-- rendered: b -->"):
        text_of(flags(tmp_path, block="b"), contracts(), present)


def test_check_fails_on_a_hand_edit_and_render_mends_it(tmp_path: Path) -> None:
    for name in ("docs", "infra"):
        for path in (ROOT / name).rglob("*"):
            if path.is_file():
                copy = tmp_path / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    edited = tmp_path / "docs/quality/quality-flags.md"
    edited.write_text(edited.read_text().replace("STALE", "OLD"))
    failed = RUNNER.invoke(app, ["--check", "--root", str(tmp_path)])
    assert failed.exit_code == 1
    assert "docs/quality/quality-flags.md is not as rendered; edit acme_lib/contracts/quality.yaml" in failed.output
    for_machines = json.loads(RUNNER.invoke(app, ["--check", "--json", "--root", str(tmp_path)]).output)
    assert [d["path"] for d in for_machines["different"]] == ["docs/quality/quality-flags.md"]
    mended = RUNNER.invoke(app, ["--root", str(tmp_path)])
    assert (mended.exit_code, mended.output) == (0, "docs/quality/quality-flags.md\n")
    assert RUNNER.invoke(app, ["--check", "--root", str(tmp_path)]).output == "all as rendered\n"


def test_outside_the_source_tree_is_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(RUNNER.invoke(app, []).exception, WrongUse)


def test_no_file_is_claimed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from acme_lib.render import artefacts as own

    monkeypatch.setattr(own, "ARTEFACTS", own.ARTEFACTS + own.ARTEFACTS[:1])
    with pytest.raises(WrongUse, match="registered twice"):
        artefacts()
