"""What this room renders: the mapping of vendors' features to ours."""

from __future__ import annotations

from pathlib import Path

from acme_lib.render.artefact import Artefact

__all__ = ["ARTEFACTS"]

ARTEFACTS = (
    Artefact(
        "docs/ml/vendor_feature_mapping.md",
        "vendor-mapping.md.j2",
        ("features.yaml",),
        lambda of: {"features": of.features},
        templates=Path(__file__).parent / "templates",
    ),
)
