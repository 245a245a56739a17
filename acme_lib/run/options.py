"""What `acme run` was asked for, checked before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RunOptions"]


class RunOptions(BaseModel):
    """One main job. `minutes` and `speed` hold for the simulated plant only: minutes on the wall, event time N times faster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field("simulate", description="simulate, or a historian format (acme plant replay --help)")
    data: Path | None = None
    subset: str = "FD001"
    path: Literal["mqtt", "backfill"] = "mqtt"
    minutes: float = Field(0.5, gt=0, le=1440)
    speed: float = Field(1440.0, gt=0)
    seed: int = 7
    malformed_share: float = Field(0.01, ge=0, le=0.5)
    ml: bool = Field(False, description="the model's notebooks too: features, training, tuning, validation, drift")
    use_cases: tuple[str, ...] = Field((), description="with ml: only these; all that the data answers without any")
    fresh: bool | None = Field(
        None, description="True starts clean, False goes on, None goes on only after an interrupted run"
    )
