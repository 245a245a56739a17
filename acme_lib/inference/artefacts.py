"""docs/api/inference_openapi.yaml: the API as a document in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acme_lib.contracts import Contracts
from acme_lib.inference.openapi import document
from acme_lib.render.artefact import Artefact

__all__ = ["ARTEFACTS"]


def facts(of: Contracts) -> Mapping[str, Any]:
    import yaml

    class Blocks(yaml.SafeDumper):
        """Texts of several lines as lines."""

    Blocks.add_representer(
        str, lambda d, s: d.represent_scalar("tag:yaml.org,2002:str", s, style="|" if "\n" in s else None)
    )

    return {"text": yaml.dump(document(of), Dumper=Blocks, sort_keys=False, allow_unicode=True, width=120)}


ARTEFACTS = (
    Artefact(
        "docs/api/inference_openapi.yaml",
        "openapi.yaml.j2",
        ("inference.yaml", "use_cases.yaml", "features.yaml"),
        facts,
        templates=Path(__file__).parent / "templates",
        comment="# {}",
    ),
)
