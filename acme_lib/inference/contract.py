"""The declared part of the API: contracts/inference.yaml, typed."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from acme_lib.contracts import Contracts, contracts
from acme_lib.contracts._load import decode

__all__ = ["ErrorCode", "InferenceApi", "api_of", "inference_api"]


class ErrorCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`mend` tells the caller what to change."""

    code: str
    status: int
    description: str
    mend: str


class InferenceApi(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`models`: use case -> model version this release was made with. `rows`, `bytes`: most of one request."""

    version: str
    models: dict[str, str]
    rows: int
    bytes: int
    errors: list[ErrorCode]

    def error(self, code: str) -> ErrorCode:
        return next(e for e in self.errors if e.code == code)


def api_of(of: Contracts) -> InferenceApi:
    """The API of these contracts. Raises InvalidContract naming file, key and mend."""
    return decode(of.folder / "inference.yaml", InferenceApi)


@lru_cache(maxsize=1)
def inference_api() -> InferenceApi:
    """The API of this release."""
    return api_of(contracts())
