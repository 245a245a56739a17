"""`acme run`, as it is called: a wrong option is named as it was written."""

from __future__ import annotations

import sys

import pytest

from acme_lib.cli import main


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--minutes", "0"], "option --minutes: Input should be greater than 0, got 0.0; give another value"),
        (["--malformed-share", "0.9"], "option --malformed-share: Input should be less than or equal to 0.5, got 0.9"),
        (["--path", "amqp"], "option --path: Input should be 'mqtt' or 'backfill', got 'amqp'"),
    ],
)
def test_a_wrong_option_is_named_as_it_was_written(
    given: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["acme", "run", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in said
    assert "cell" not in said
