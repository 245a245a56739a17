"""YAML read as plain text, lists and mappings: a config's own tags (!Secret, !Ref) must not stop a look for topics."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["PlainLoader"]

_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class PlainLoader(_Base):
    """Every scalar a string; an unknown tag is ignored."""


def _plain(loader: Any, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


PlainLoader.add_multi_constructor("", _plain)
