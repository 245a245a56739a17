"""FD001 of C-MAPSS as others published it, beside ours: one table, with what is known of how each figure came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acme_lib.contracts import UseCase

__all__ = ["beside_published"]

COLUMNS = ("method", "RMSE", "score", "label cap", "best or mean of runs", "how the test set was used")
UNKNOWN = "not stated"
# of the last cycle of the 100 test engines, as their authors give it; what we don't surely know of a protocol is "not stated"
PUBLISHED = (
    ("STAR, a two-stage attention transformer, 2024", "10.61", "169", UNKNOWN, UNKNOWN, UNKNOWN),
    ("deep LSTM, Zheng et al., 2017", "16.14", "338", "130", UNKNOWN, UNKNOWN),
)


def beside_published(case: UseCase, version: str, figures: Mapping[str, float], seeds: Sequence[int]) -> str:
    """A note that holds the table, ours first. Indented, so that it stands inside a list's item."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), _ours(case, version, figures, seeds), *PUBLISHED]
    table = "\n".join(f"  | {' | '.join(row)} |" for row in rows)
    return f"FD001 beside published results; protocols differ from paper to paper:\n\n{table}\n"


def _ours(case: UseCase, version: str, figures: Mapping[str, float], seeds: Sequence[int]) -> tuple[str, ...]:
    alone = f"; each alone {figures['rmse_seeds_mean']:.4g} in the mean" if "rmse_seeds_mean" in figures else ""
    return (
        f"ours, {case.id} {version}",
        f"{figures['rmse']:.4g}",
        f"{figures['cmapss_score']:.4g}",
        f"{case.label.cap:g}",
        f"one ensemble of {len(seeds)} seeds ({', '.join(map(str, seeds))}){alone}",
        "opened once a version, after every choice was made on cross-validation by engine",
    )
