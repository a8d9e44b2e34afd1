"""Tests of the evidence and flags."""

import math

import numpy as np
import pytest
import xarray as xr
from made_records import flagged, made, placed, table

from soilresp.records.quality import coordinates, evidence
from soilresp.records.quality.evidence import Evidence


@pytest.mark.parametrize("value, tolerance, expected", [
    (0.0, 2.0, 0.0), (2.0, 2.0, 0.5), (6.0, 2.0, 0.75), (1.0, 3.0, 0.25), (0.5, 2.0, 0.2),
])
def test_suspicion_by_tolerances(value, tolerance, expected):
    """A departure of x tolerances scores x / (1 + x)."""
    assert evidence.score(value, tolerance) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value, text", [
    (45.0, "45"), (-0.5, "-0.5"), (0.0, "0"), (123456.78, "123456.78"), (1.23456789, "1.2345679"),
    (12345678.0, "12345678"), (np.nan, ""), (np.inf, ""), (-np.inf, ""), (1e-5, "1e-05"),
])
def test_numbers_as_they_are_written(value, text):
    """Eight digits, no zeros at the end, and nothing where there is no number."""
    assert evidence.number_text(value) == text


@pytest.mark.parametrize("lat, lon, on_earth", [
    (90.0, 180.0, True), (-90.0, -180.0, True), (90.01, 0.0, False), (-90.01, 0.0, False),
    (0.0, 180.01, False), (0.0, -180.01, False), (np.nan, 0.0, False), (0.0, np.nan, False),
])
def test_what_is_on_earth(lat, lon, on_earth):
    """Poles and the date line are, anything beyond is not; both numbers must be given."""
    own = made({"Latitude": lat, "Longitude": lon})
    assert own.located.tolist() == [on_earth]
    found = flagged(coordinates.impossible, placed(own))
    assert found["score"].tolist() == [1.0] * (not on_earth and not math.isnan(lat + lon))


def small_climate():
    """A climate that is the same everywhere but for temperature, which follows the row."""
    month = np.arange(1.0, 13.0)[:, None, None]
    rows, shape = np.arange(360.0)[None, :, None], (12, 360, 720)
    share = 2.0 ** -np.arange(17)[:, None, None]
    space = ("lat", "lon")
    return xr.Dataset(
        {
            "tas": (("month", *space), np.broadcast_to(month + rows, shape)),
            "pr": (("month", *space), np.broadcast_to(month, shape)),
            "fapar_max": (space, np.broadcast_to(0.7, shape[1:])),
            "ndvi_max": (space, np.broadcast_to(0.6, shape[1:])),
            "igbp_fraction": (("igbp", *space), np.broadcast_to(share, (17, *shape[1:]))),
        },
        coords={"igbp": np.arange(17)},
    )


def test_cells_of_a_made_climate():
    """Means, sums and extremes over the months, and which classes are trees or bare ground."""
    own = Evidence(table({"Latitude": 95.0}), small_climate())
    # 50.95 N lies in row 78 from the north; months add 1 to 12, whose mean is 6.5 and sum 78.
    assert own.cells.loc[0, ["MAT", "MAP", "warmest", "coldest"]].tolist() == [84.5, 78, 90, 79]
    assert own.cells.loc[0, ["fapar", "ndvi"]].tolist() == [0.7, 0.6]
    # Forests and savannas: classes 1 to 5, 8 and 9. Ice and barren ground: 15 and 16.
    trees = (16 + 8 + 4 + 2 + 1) / 32 + 3 / 512
    assert own.cells.loc[0, ["trees", "bare"]].tolist() == [trees, 3 / 65536]
    assert own.cells.loc[1].isna().all()
