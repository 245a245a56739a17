"""What has come, cut to windows that the reference can calibrate: of one as large as itself it holds no other to compare with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acme_lib.drift.reference import LEAST_ROWS, Reference, Rows
from acme_lib.drift.tally import Index

__all__ = ["newest", "parts"]

SHARE = 4  # a window is at most a quarter of its stratum's reference, which then holds enough windows like it


def parts(reference: Reference, current: Rows) -> Iterator[Rows]:
    """`current` by stratum, each in as few parts as fit: successive in time, or other equipment in each."""
    for name in reference.strata:
        own = np.flatnonzero(current.stratum == name)
        count = min(-(-len(own) // _most(reference, name)), len(own) // LEAST_ROWS)
        if count:
            yield from (current.of(part) for part in _cut(reference, current, own, count))


def newest(reference: Reference, current: Rows) -> Rows:
    """The newest part of each stratum; all of one that fits."""
    kept = []
    for name in reference.strata:
        own = np.flatnonzero(current.stratum == name)
        count = -(-len(own) // _most(reference, name))
        kept.append(_cut(reference, current, own, count)[-1] if count > 1 else own)
    return current.of(np.sort(np.concatenate(kept)) if kept else np.zeros(0, dtype=np.intp))


def _most(reference: Reference, stratum: str) -> int:
    return max(LEAST_ROWS, int((reference.rows.stratum == stratum).sum()) // SHARE)


def _cut(reference: Reference, current: Rows, own: Index, count: int) -> list[Index]:
    """Rows `own` of `current` in `count` parts, oldest first; equipment stays whole where windows are equipment."""
    at, equipment = current.at[own], current.equipment[own]
    if reference.scheme == "time":
        return [np.asarray(own[part]) for part in np.array_split(np.lexsort((equipment, at)), count)]
    names, place = np.unique(equipment, return_inverse=True)
    ended = np.full(len(names), np.iinfo(np.int64).min)
    np.maximum.at(ended, place, at)
    order = np.argsort(ended, kind="stable")
    rank = np.empty(len(names), dtype=np.intp)
    rank[order] = np.arange(len(names)) * count // len(names)
    return [np.asarray(own[rank[place] == part]) for part in range(count)]
