"""Which recipe a use case is trained with: its own from use_cases.yaml, or fields given with the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from acme_lib.contracts import UseCase
from acme_lib.errors import WrongUse
from acme_lib.models.recipe import Recipe

__all__ = ["recipe_of"]


def recipe_of(case: UseCase, given: Mapping[str, Any] | None = None, rounds: int | None = None) -> Recipe:
    """`given` replaces whole fields of the use case's recipe. Raises WrongUse naming the field."""
    try:
        found = msgspec.convert({**case.recipe, **(given or {})}, Recipe)
    except msgspec.ValidationError as e:
        where = "parameter recipe" if given else f"use_cases.yaml: {case.id}: recipe"
        raise WrongUse(f"{where}: {e}; its fields are those of acme_lib.models.recipe.Recipe") from e
    if rounds is not None:
        found = msgspec.structs.replace(found, trees=msgspec.structs.replace(found.trees, rounds=rounds))
    return found
