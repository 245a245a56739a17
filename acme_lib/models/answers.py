"""The published answers of C-MAPSS test sets, for evaluation only: nothing that makes features or trains may import this."""

from __future__ import annotations

import hashlib
from pathlib import Path

from acme_lib.errors import WrongUse
from acme_lib.models.store import Store

__all__ = ["answers_file", "left", "load_answers", "read_answers"]


def answers_file(folder: Path, subset: str) -> Path:
    return folder / f"RUL_{subset.upper()}.txt"


def read_answers(file: Path) -> list[float]:
    """One number a line, the engines in order; a first line of words is a header. Raises WrongUse naming file, line and mend."""
    try:
        lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as e:
        raise WrongUse(f"{file}: {e.strerror}; the folder of --data must hold the answers to judge the test set") from e
    found = []
    for number, line in enumerate(lines, 1):
        text = line.strip().strip('"')
        if not text or (number == 1 and text.isalpha()):
            continue
        try:
            value = float(text)
        except ValueError as e:
            raise WrongUse(f"{file}:{number}: {text[:40]!r} is no number of cycles; fetch the file again") from e
        if not 0 <= value < 10_000:
            raise WrongUse(f"{file}:{number}: {value:g} cycles left can't be; fetch the file again")
        found.append(value)
    if not found:
        raise WrongUse(f"{file}: no answers in it; fetch the file again")
    return found


def load_answers(store: Store, folder: Path, subset: str) -> int:
    """RUL_<subset>.txt into evaluation_answers, in the place of what was there of that subset. Returns how many."""
    from acme_lib.models.store import shaped

    file = answers_file(folder, subset)
    answers = read_answers(file)
    cell, source = f"testbed/turbofan/{subset.lower().replace('_', '-')}/test", f"{file.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"  # fmt: skip
    rows = [
        {"equipment_id": f"{cell}/engine-{n:03d}", "remaining": left, "source": source}
        for n, left in enumerate(answers, 1)
    ]
    mine = {r["equipment_id"] for r in rows}
    others = [r for r in store.read("evaluation_answers").to_pylist() if r["equipment_id"] not in mine and not r["equipment_id"].startswith(f"{cell}/")]  # fmt: skip
    store.replace("evaluation_answers", shaped("evaluation_answers", [*others, *rows]), {}, {"source": source})
    return len(rows)


def left(store: Store) -> dict[str, float]:
    """Answers of published test sets: equipment -> frames of life left after its last one. For evaluation only."""
    rows = store.read("evaluation_answers", columns=["equipment_id", "remaining"])
    return dict(zip(rows["equipment_id"].to_pylist(), rows["remaining"].to_pylist(), strict=True))
