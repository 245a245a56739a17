"""What every registry promises; subclasses say how to open one."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.errors import WrongUse
from acme_lib.models.registry import Registry


class RegistryContract:
    @pytest.fixture
    def registry(self) -> Registry:
        raise LookupError("a subclass opens one")

    @pytest.fixture
    def run_id(self) -> str:
        return ""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "model"
        made.mkdir()
        (made / "MLmodel").write_text("flavors: {}\n")
        (made / "model.onnx").write_bytes(b"\x00onnx")
        return made

    def test_versions_count_up_and_keep_their_files(self, registry: Registry, folder: Path, run_id: str, tmp_path: Path) -> None:  # fmt: skip
        first = registry.add("acme-x", folder, run_id, {"gitSHA": "abc"})
        second = registry.add("acme-x", folder, run_id, {})
        assert (first.version, second.version) == ("1", "2")
        assert (first.tags["gitSHA"], first.aliases) == ("abc", ())
        assert [v.version for v in registry.versions("acme-x")] == ["1", "2"]
        assert (registry.fetch("acme-x", "1", tmp_path / "out") / "model.onnx").read_bytes() == b"\x00onnx"

    def test_an_alias_points_to_one_version_and_moves(self, registry: Registry, folder: Path, run_id: str) -> None:
        for _ in range(2):
            registry.add("acme-x", folder, run_id, {})
        assert registry.holder("acme-x", "staging") is None
        registry.point("acme-x", "staging", "1")
        registry.point("acme-x", "staging", "2")
        held = registry.holder("acme-x", "staging")
        assert held is not None
        assert (held.version, held.stage) == ("2", "Staging")
        assert registry.get("acme-x", "1").aliases == ()

    def test_tags_are_added_and_models_kept_apart(self, registry: Registry, folder: Path, run_id: str) -> None:
        registry.add("acme-x", folder, run_id, {"a": "1"})
        registry.add("acme-y", folder, run_id, {})
        registry.tag("acme-x", "1", {"validation": "passed"})
        tags = registry.get("acme-x", "1").tags
        assert tags == {"a": "1", "validation": "passed"}
        assert [v.model for v in registry.versions()] == ["acme-x", "acme-y"]

    def test_a_version_that_was_never_validated_has_no_finished_card(self, registry: Registry, folder: Path, run_id: str) -> None:  # fmt: skip
        registry.add("acme-x", folder, run_id, {})
        assert registry.finished_card("acme-x", "1") is None

    def test_what_is_not_there_is_wrong_use(self, registry: Registry, tmp_path: Path) -> None:
        assert registry.versions("acme-none") == []
        with pytest.raises(WrongUse, match="acme model list"):
            registry.get("acme-none", "1")
        with pytest.raises(WrongUse, match="acme model list"):
            registry.fetch("acme-none", "1", tmp_path)
        with pytest.raises(WrongUse, match="acme model list"):
            registry.finished_card("acme-none", "1")
        with pytest.raises(WrongUse, match="acme model list"):
            registry.point("acme-none", "staging", "1")
