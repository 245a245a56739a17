"""`acme uns`: what it prints and how it leaves; topics found in lists, configs and a source tree."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from acme_lib.errors import WrongUse
from acme_lib.uns.cli import app
from acme_lib.uns.sources import topics_in
from acme_lib.uns.tree import findings

ROOT = Path(__file__).parents[2]
GOOD = "acme/dallas/drying/line-1/cell-a/dryer-01/vibration_de"
BAD = GOOD.replace("dallas", "Dallas")


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as left:
        app(list(args))
    return int(str(left.value.code))


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_object_a_topic_with_exactly_three_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", GOOD, BAD, "--json") == 1
    assert objects(capsys) == [
        {"topic": GOOD, "valid": True, "violations": []},
        {"topic": BAD, "valid": False, "violations": ["site: casing: 'Dallas' is not lower case, write 'dallas'"]},
    ]


def test_valid_topics_leave_with_zero_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", GOOD) == 0
    assert capsys.readouterr().err == "1 topics, 0 invalid\n"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("list.txt", f"# publishers\n\n{GOOD}\n nonsense \n", [GOOD, "nonsense"]),
        ("c.json", json.dumps({"a": [{"topic": "odd"}, {"x": GOOD}], GOOD: 1, "mqttTopic": ["p", 5]}), ["odd", GOOD, GOOD, "p"]),
        ("c.yaml", f"pub:\n  topics: [odd, {GOOD}]\n  secret: !Vault x\n  m: !A {{topic: t}}\n  l: !B [acme/q]\n---\ntopic: z\n", ["odd", GOOD, "t", "acme/q", "z"]),
        ("c.csv", f"name,topic,other\na,odd,{GOOD}\n", ["odd", GOOD]),
        ("array.json", json.dumps([GOOD, "odd", {"a": "b"}]), [GOOD, "odd"]),
        ("array.yaml", f"- {GOOD}\n- odd\n", [GOOD, "odd"]),
        ("one.csv", f"{GOOD}\nodd\n", [GOOD, "odd"]),
        ("head.csv", f"UNS Topic\n{GOOD}\nodd\n", [GOOD, "odd"]),
        ("c.toml", f'[a]\ntopic = "odd"\nx = ["{GOOD}", "y"]\n', ["odd", GOOD]),
        ("bare.csv", f"1,{GOOD}\n2,{BAD}\n", [GOOD, BAD]),
        ("c.jsonl", f'{{"topic": "a"}}\n\n{{"topic": "{GOOD}"}}\n', ["a", GOOD]),
        ("prose.json", json.dumps({"note": "acme/ is our root", "k": "ACME/X"}), ["ACME/X"]),
    ],
)  # fmt: skip
def test_topics_are_found_in_lists_and_configs(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    (tmp_path / name).write_text(text)
    assert topics_in(tmp_path / name) == expected


def test_filters_of_a_config_are_judged_as_filters_and_in_a_list_as_topics(tmp_path: Path) -> None:
    (tmp_path / "acl.yaml").write_text(f"topics: [acme/#, {GOOD}]\n")
    (tmp_path / "list.txt").write_text("acme/#\n")
    assert run("validate", "--file", str(tmp_path / "acl.yaml")) == 0
    assert run("validate", "--file", str(tmp_path / "list.txt")) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"{"), ("a.yaml", b"a: [}"), ("a.toml", b"a = "), ("a.txt", b"\xff"), ("a.csv", b'a,"b'), ("deep.json", b"[" * 100_000), ("none.txt", b"")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_what_to_change(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WrongUse, match=f"(?s){name}: .*;"):
        app(["validate", "--file", str(tmp_path / name)])


def test_wrong_use() -> None:
    with pytest.raises(WrongUse, match="name topics, or a file"):
        app(["validate"])
    with pytest.raises(WrongUse, match="no such folder"):
        app(["check", "/nowhere"])
    with pytest.raises(WrongUse, match="can't be read"):
        app(["validate", "--file", "/nowhere.txt"])
    assert run("validate", "--wrong") == 2


def test_tree_judges_configs_code_and_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text(f"topic: {BAD}")
    (tmp_path / "docs" / "a.md").write_text(
        f"`{GOOD}` and `{BAD}`, acme/<site>/a/b/c/d/e\n{BAD} is no UNS topic\nhttps://github.com/acme/a/b/c/d/e/f/g\n"
    )
    (tmp_path / "c.yaml").write_text(f"topics: [{GOOD}, acme/#]")
    (tmp_path / "x.bin").write_bytes(b"\xff")
    (tmp_path / "tests" / "data").mkdir(parents=True)
    (tmp_path / "tests" / "data" / "envelope-vectors.jsonl").write_text(json.dumps({"topic": BAD}))
    (tmp_path / "tests" / "test_a.py").write_text(f'"{BAD}"')
    assert run("check", str(tmp_path)) == 1
    assert capsys.readouterr().out.startswith(f"docs/a.md: {BAD}: site: casing")
    assert run("check", str(tmp_path), "--json") == 1
    assert [(o["file"], o["topic"]) for o in objects(capsys)] == [("c.yaml", GOOD), ("c.yaml", "acme/#"), ("docs/a.md", GOOD), ("docs/a.md", BAD)]  # fmt: skip


def test_every_topic_of_this_repository_is_valid() -> None:
    found = list(findings(ROOT))
    assert len(found) > 10
    assert [(str(path), topic, broken) for path, topic, broken in found if broken] == []


def test_a_thousand_topics_from_a_cold_start(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(f"{GOOD}_{i}" for i in range(1000)))
    command = [sys.executable, "-m", "acme_lib.cli", "uns", "validate", "--file", str(tmp_path / "t.txt")]
    seconds = []
    for _ in range(3):  # processor time, the best of three: other processes share the machine
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert len(out.splitlines()) == 1000
    assert min(seconds) < 0.5
    probe = "import sys, acme_lib.uns.cli; assert not {'pydantic', 'rich', 'typer', 'jsonschema_rs'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True)
