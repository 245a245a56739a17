"""`acme uns`: judge topics before a publisher uses them.

By argparse, not typer: typer loads pydantic for every argument, which alone costs more than judging 1,000 topics.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from acme_lib.errors import WrongUse

__all__ = ["app"]

EXAMPLE = "example: acme uns validate acme/dallas/drying/line-1/cell-a/dryer-01/vibration_de"
VALIDATE = """example: acme uns validate --file publisher.yaml

Prints one JSON object a line: topic, valid, violations. Exit 1 where a topic is invalid. Filters that a config file
holds (with + or #) are judged as filters."""
CHECK = """example: acme uns check .

Judges every topic in the configs, code and documents of a source tree. Exit 1 where one is invalid. A line that says
"no UNS topic" shows one that is wrong on purpose."""

MODELS = """example: acme uns models infra/highbyte/models

Lints model definitions against the contracts and their change log. Exit 1 where one has a fault."""


def app(args: list[str], prog_name: str = "acme uns") -> None:
    """Runs one command. Leaves by SystemExit: 0 all valid, 1 some invalid, 2 wrong use (or by WrongUse)."""
    chosen = _parser(prog_name).parse_args(args)
    if chosen.command == "validate":
        raise SystemExit(validate(chosen.topics, chosen.file, chosen.json))
    if chosen.command == "models":
        raise SystemExit(models(chosen.folder))
    raise SystemExit(check(chosen.root, chosen.json))


def _parser(prog_name: str) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog=prog_name, description=EXAMPLE, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("validate", help="judge topics", description=VALIDATE, formatter_class=raw)
    one.add_argument("topics", nargs="*", metavar="TOPIC")
    one.add_argument("--file", "-f", type=Path, action="append", default=[], help="a list, or JSON, YAML, CSV config")
    one.add_argument("--json", action="store_true", help="only the objects, no summary on stderr")
    tree = commands.add_parser("check", help="judge a source tree", description=CHECK, formatter_class=raw)
    tree.add_argument("root", nargs="?", type=Path, default=Path())
    tree.add_argument("--json", action="store_true", help="every topic with its file, one object a line")
    lint = commands.add_parser("models", help="lint Highbyte models", description=MODELS, formatter_class=raw)
    lint.add_argument("folder", nargs="?", type=Path, default=Path("infra/highbyte/models"))
    return parser


def validate(topics: list[str], files: list[Path], quiet: bool) -> int:
    """Judges topics, then the files' topics, in order. Returns the exit code."""
    from acme_lib.uns.sources import READERS, topics_in
    from acme_lib.uns.topic import violations_of
    from acme_lib.uns.tree import judged

    if not topics and not files:
        raise WrongUse("nothing to judge; name topics, or a file with --file")

    results = list(zip(topics, violations_of(topics), strict=True))
    for path in files:
        found = topics_in(path)
        if not found:
            raise WrongUse(f"{path}: no topic found; put topics under a key that ends in topic, or one a line")
        rules = judged if path.suffix.lower() in READERS else violations_of  # a list holds topics, never filters
        results += zip(found, rules(found), strict=True)
    sys.stdout.write("".join(json.dumps(_object(topic, broken)) + "\n" for topic, broken in results))
    invalid = sum(1 for _, broken in results if broken)
    if not quiet:
        print(f"{len(results)} topics, {invalid} invalid", file=sys.stderr)
    return 1 if invalid else 0


def check(root: Path, as_json: bool) -> int:
    """Judges a source tree. Returns the exit code."""
    from acme_lib.uns.tree import findings

    if not root.is_dir():
        raise WrongUse(f"{root}: no such folder; name the root of a source tree")
    found = list(findings(root))
    wrong = [finding for finding in found if finding[2]]
    for path, topic, broken in found if as_json else wrong:
        line = {"file": path.relative_to(root).as_posix(), **_object(topic, broken)}
        print(json.dumps(line) if as_json else f"{line['file']}: {topic}: {'; '.join(broken)}")
    if not as_json:
        print(f"{len(found)} topics and filters, {len(wrong)} invalid", file=sys.stderr)
    return 1 if wrong else 0


def models(folder: Path) -> int:
    """Lints a folder of models. Returns the exit code."""
    from acme_lib.contracts import contracts
    from acme_lib.uns.models import faults

    if not any(folder.glob("*.json")):
        raise WrongUse(f"{folder}: no model there; name the folder that holds the models' JSON files")
    found = list(faults(folder, contracts()))
    print("\n".join(found) or "no fault")
    return 1 if found else 0


def _object(topic: str, broken: list[str]) -> dict[str, object]:
    return {"topic": topic, "valid": not broken, "violations": broken}
