"""Who may serve: moving an alias is asked, written down and undone here."""

from __future__ import annotations

import json
from datetime import datetime

from acme_lib.errors import Stop, WrongUse
from acme_lib.models.registry import ALIASES, Registry, Version
from acme_lib.models.store import Store, shaped
from acme_lib.monitoring import Audit

__all__ = ["export", "promote", "rollback"]


def promote(registry: Registry, audit: Audit, actor: str, model: str, version: str, alias: str, why: str, now: datetime) -> Version:  # fmt: skip
    """Points the alias at the version, after the audit row is written. Raises Stop where its gates did not all hold."""
    if alias not in ALIASES:
        raise WrongUse(f"alias {alias!r}: aliases are {', '.join(ALIASES)}")
    if not why.strip():
        raise WrongUse("say why (--why): the audit keeps it")
    found, before = registry.get(model, version), registry.holder(model, alias)
    if found.tags.get("validation") != "passed":
        raise Stop(f"{model} version {version}: validation is {found.tags.get('validation', 'open')!r}; run the notebook validate_register, mend what its report names")  # fmt: skip
    if before is not None and before.version == found.version:
        return found
    detail = {"alias": alias, "from": before.version if before else None, "to": found.version, "why": why}
    audit.append(actor, "model.promote", model, detail, now)
    registry.point(model, alias, found.version)
    return registry.get(model, version)


def rollback(registry: Registry, audit: Audit, actor: str, model: str, alias: str, why: str, now: datetime) -> Version:
    """Points the alias back at what it held when the present version was promoted. Raises Stop where there is none."""
    if alias not in ALIASES:
        raise WrongUse(f"alias {alias!r}: aliases are {', '.join(ALIASES)}")
    if not why.strip():
        raise WrongUse("say why (--why): the audit keeps it")
    present = registry.holder(model, alias)
    moves = [json.loads(r.detail) for r in audit.rows() if r.subject == model and r.action == "model.promote"]
    held = [m for m in moves if m["alias"] == alias and present is not None and m["to"] == present.version]
    target = held[-1]["from"] if held else None
    if present is None or target is None:
        raise Stop(f"{model}: alias {alias} has no version before the present one; acme model list shows what is there")
    detail = {"alias": alias, "from": present.version, "to": target, "why": why}
    audit.append(actor, "model.rollback", model, detail, now)
    registry.point(model, alias, target)
    return registry.get(model, target)


def export(registry: Registry, store: Store, now: datetime) -> int:
    """The registry as table ml_model_registry, for reports. Returns its versions."""
    rows = [
        {"model": v.model, "version": v.version, "aliases": list(v.aliases), "stage": v.stage, "tags_json": json.dumps(v.tags, sort_keys=True), "run_id": v.run_id, "exported_utc": now}
        for v in registry.versions()
    ]  # fmt: skip
    return store.replace("ml_model_registry", shaped("ml_model_registry", rows), {}, {"versions": len(rows)})
