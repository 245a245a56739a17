"""One event in several spellings is one column; two that only look alike are two columns of two names."""

from __future__ import annotations

import numpy as np
from feature_rows import MINUTE, START, frames, noise, readings, spec

from acme_lib.features import Online, compute, fit, names
from acme_lib.features.fitted import Fitted
from acme_lib.features.frames import Frames
from acme_lib.features.spelling import distinct


def told(*values: str) -> Frames:
    """One alarm a frame from the second on, in this order."""
    events: dict[tuple[str, str], list[int]] = {}
    for n, value in enumerate(values, 1):
        events.setdefault(("alarm", value), []).append(START + n * MINUTE)
    return frames(noise(), events={key: np.array(at) for key, at in events.items()})


def column(fitted: Fitted, vectors: np.ndarray, name: str) -> list[float]:
    found: list[float] = vectors[:, names(fitted).index(name)].tolist()
    return found


def test_spellings_of_one_event_add_up_in_one_column() -> None:
    history = told("error1", "error1 ", "Error1")
    fitted = fit(spec(), [history])
    assert fitted.event_values["alarm"] == ["Error1", "error1", "error1 "]
    assert [n for n in names(fitted) if n.startswith("alarm")] == ["alarm_error1__count_0.05h", "alarm_error1__hours_since", "alarm_error1__total"]  # fmt: skip
    vectors = compute(fitted, history)
    assert vectors.shape[1] == len(names(fitted))
    assert column(fitted, vectors, "alarm_error1__total")[:5] == [0, 1, 2, 3, 3]


def test_a_spelling_that_training_never_saw_counts_online_and_after_a_restart_too() -> None:
    fitted = fit(spec(), [told("error1")])
    history = told("ERROR1", "error1", "error1 ")
    live, vectors = Online(fitted, "p-1"), []
    given = sorted([*readings(history, ["a", "b", "c"]), *((t, int(at), v) for (t, v), times in history.events.items() for at in times)], key=lambda r: (r[1], r[0] != "alarm"))  # fmt: skip
    for reading in given:
        vectors += [v.vector for v in live.add(*reading)]
        live = Online.restore(fitted, live.state())
    vectors += [v.vector for v in live.flush()]
    np.testing.assert_array_equal(np.stack(vectors), compute(fitted, history))
    assert vectors[-1][names(fitted).index("alarm_error1__total")] == 3


def test_values_that_only_look_alike_when_plain_keep_a_column_and_a_name_each() -> None:
    history = told("+5", "-5", "-5", "5 2", "überlast", "\u9ad8", "\u4f4e")
    fitted = fit(spec(), [history])
    assert len(set(names(fitted))) == len(names(fitted))
    vectors = compute(fitted, history)
    assert column(fitted, vectors, "alarm_5__total")[-1] == 1  # +5
    assert column(fitted, vectors, "alarm_5_3__total")[-1] == 2  # -5; alarm_5_2 is what `5 2` is called
    assert column(fitted, vectors, "alarm_5_2__total")[-1] == 1


def test_labels_are_told_apart_as_events_are() -> None:
    history = frames(noise(), attributes={"kind": [(START, "Wide"), (START + 3 * MINUTE, "wide "), (START + 6 * MINUTE, "tall")]})  # fmt: skip
    fitted = fit(spec(), [history])
    assert [n for n in names(fitted) if n.startswith("kind")] == ["kind__wide", "kind__tall"]
    assert column(fitted, compute(fitted, history), "kind__wide") == [1] * 6 + [0] * 6


def test_clean_values_stay_as_they_are() -> None:
    assert distinct(["comp1", "comp2"]) == ["comp1", "comp2"]
    fitted = fit(spec(), [told("error2", "error1", "b c")])
    assert [n for n in names(fitted) if n.endswith("total")] == ["alarm_b_c__total", "alarm_error1__total", "alarm_error2__total"]  # fmt: skip
