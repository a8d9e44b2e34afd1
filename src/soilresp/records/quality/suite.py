"""All tests, and the one function that runs them."""

from soilresp.records.quality import climate, coordinates, entries, fluxes, parts
from soilresp.records.quality.evidence import Evidence, merge

__all__ = ["FAMILIES", "TESTS", "check"]

FAMILIES = {
    "coordinates": (
        coordinates.impossible, coordinates.outside_country, coordinates.in_the_sea,
        coordinates.scattered, coordinates.whole_degrees,
    ),
    "map": (
        climate.temperature, climate.precipitation, climate.elevation, climate.biome,
        climate.ecosystem,
    ),
    "parts": (
        parts.negative, parts.share_bounds, parts.part_above_whole, parts.sum_of_parts,
        parts.root_share,
    ),
    "fluxes": (fluxes.seasonal_rates, fluxes.comparable_records, fluxes.whole_study),
    "entries": (
        entries.year, entries.duplicates, entries.stray_blanks, entries.spelling,
        entries.unknown_country,
    ),
}
"""Tests by what they look at."""

TESTS = tuple(test for tests in FAMILIES.values() for test in tests)
"""All tests: functions of an `Evidence` that return flags."""


def check(table, climate=None, tests=TESTS):
    """Run the tests on all records.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.read_srdb`; with ``strip=False`` the stray
        blanks are seen too. It is not changed.
    climate : xarray.Dataset, optional
        From `soilresp.covariates.embedded.load_embedded`, which is the default.
    tests : sequence of callable
        Some of `TESTS`.

    Returns
    -------
    pandas.DataFrame
        One row a flag, on the index of `table`, most suspicious first:
        ``record``, ``study``, ``test``, ``field``, ``value``, ``expected``,
        ``score`` (0 to 1; a suspicion from `THRESHOLD` up, a remark below) and
        ``repair`` ("Field=value; ..." where one change explains the evidence,
        else empty).
    """
    evidence = Evidence(table, climate)
    flags = merge([test(evidence) for test in tests])
    order = flags.assign(row=flags.index).sort_values(
        ["score", "study", "row", "test"], ascending=[False, True, True, True], kind="stable"
    )
    return flags.loc[[]] if flags.empty else order[list(flags.columns)]
