"""Calibration and interval of a raw output, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acme_lib.errors import WrongUse
from acme_lib.models.bands import Bands, answer


def test_each_band_has_its_own_width_and_its_lower_edge_belongs_to_it() -> None:
    bands = Bands(edges=(50.0,), below=(5.0, 20.0), above=(6.0, 10.0), least=0.0, most=125.0)
    found = answer(bands, np.array([3.0, 49.0, 50.0, 120.0, 130.0]))
    assert found.value.tolist() == [3, 49, 50, 120, 125]
    assert found.low.tolist() == [0, 44, 30, 100, 105]  # 3 - 5 is clipped
    assert found.high.tolist() == [9, 55, 60, 125, 125]


def test_a_probability_is_calibrated_between_the_knots_and_has_no_interval() -> None:
    # half way from (0.2, 0.0) to (0.6, 0.5); flat outside
    found = answer(Bands(raw=(0.2, 0.6), calibrated=(0.0, 0.5)), np.array([0.1, 0.4, 0.9]))
    assert found.value.tolist() == [0, 0.25, 0.5]
    assert all(math.isnan(v) for v in [*found.low, *found.high])


def test_json_round_trip_and_what_is_no_bands() -> None:
    bands = Bands(edges=(1.0,), below=(1.0, 2.0), above=(1.0, 2.0))
    assert Bands.from_json(bands.to_json()) == bands
    with pytest.raises(WrongUse, match="one entry more than edges"):
        Bands.from_json(b'{"below": [1.0, 2.0], "above": [1.0, 2.0]}')
