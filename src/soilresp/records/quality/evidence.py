"""Evidence that the tests of field records draw on, and the flags that they raise."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from soilresp.covariates.embedded import load_embedded
from soilresp.grid.cells import cell_index
from soilresp.io import fetch
from soilresp.records.quality.countries import all_countries, resolve

__all__ = ["CLEAN_FLAGS", "FACTORS", "FIELDS", "THRESHOLD", "Evidence", "Flag", "flag_table",
           "flux_text", "number_text", "score"]

FIELDS = ("record", "study", "test", "field", "value", "expected", "score", "repair")
"""Columns of the flags."""

THRESHOLD = 0.5
"""Published threshold: flags below it are remarks, those at it or above are suspicions."""

CLEAN_FLAGS = ("", "Q0", "Q01")
"""Values of ``Quality_flag`` of a record without a known problem."""

FACTORS = {
    3.67: "CO2 entered as carbon",
    10.0: "a decimal place",
    100.0: "two decimal places",
    365.0: "per day and per year",
}
"""Factors between units, or slips of the decimal point, that may explain a repair."""

_Q10 = ["Q10_0_20", "Q10_5_15", "Q10_10_20", "Q10_0_10", "Q10_other1", "Q10_other2"]
_USUAL_Q10 = (1.2, 5.0)


class Flag(NamedTuple):
    """One doubt about one record: index of its row, test, field, and the columns of the flags."""

    row: object
    test: str
    field: str
    value: str
    expected: str
    score: float
    repair: str = ""


class Evidence:
    """Records of SRDB with the climate and vegetation of their cells of the map.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`, best with ``strip=False``. Columns
        that it lacks count as empty.
    climate : xarray.Dataset, optional
        From `soilresp.covariates.embedded.load_embedded`, which is the default.
    """

    def __init__(self, table, climate=None):
        self.table = table
        self._climate = climate
        self._numbers, self._texts = {}, {}
        self.memo = {}

    def number(self, name):
        """Return a column as numbers (`pandas.Series` of float); NaN where there is none."""
        if name not in self._numbers:
            column = self.table.get(name, pd.Series(np.nan, index=self.table.index))
            self._numbers[name] = pd.to_numeric(column, errors="coerce").astype(float)
        return self._numbers[name]

    def text(self, name):
        """Return a column as words without stray blanks (`pandas.Series`); None where none are."""
        if name not in self._texts:
            column = self.table.get(name, pd.Series(None, index=self.table.index, dtype=object))
            words = column.astype(object).map(lambda v: v.strip() if isinstance(v, str) else None)
            self._texts[name] = words.astype(object)
        return self._texts[name]

    @property
    def study(self):
        """Number of the study of each record."""
        return self.table["Study_number"]

    @cached_property
    def located(self):
        """Records with coordinates that exist on Earth (`pandas.Series` of bool)."""
        lat, lon = self.number("Latitude"), self.number("Longitude")
        return lat.between(-90, 90) & lon.between(-180, 180)

    @cached_property
    def home(self):
        """Codes of the stated country and its territories, a tuple by record; () if not known."""
        names = self.text("Country")
        codes = {n: self.countries.belonging(resolve(n)) for n in names.dropna().unique()}
        return names.map(lambda name: codes.get(name, ()))

    @cached_property
    def countries(self):
        """The polygons (`soilresp.records.quality.countries.Countries`)."""
        return all_countries()

    @cached_property
    def cells(self):
        """Long-term climate and greenness of each record's cell (`pandas.DataFrame`)."""
        return self.at(self.number("Latitude"), self.number("Longitude"))

    @cached_property
    def responses(self):
        """Temperature response of each record of SRDB: ``R10`` (umol m-2 s-1) and ``Q10``.

        From the optional input ``srdb_equations``. NaN without it, and in a table of one's own.
        """
        blank = pd.DataFrame(np.nan, index=self.table.index, columns=["R10", "Q10"])
        if "Author" not in self.table or not fetch.is_available("srdb_equations"):
            return blank
        fits = pd.read_csv(fetch.locate("srdb_equations").path)
        fits["Q10"] = fits[_Q10].bfill(axis=1)[_Q10[0]]
        fits["R10"] = fits["R10"].where(fits["R10"] > 0)
        fits = fits.groupby("Record_number")[["R10", "Q10"]].median()
        fits["Q10"] = fits["Q10"].clip(*_USUAL_Q10).fillna(2.4)
        return blank.assign(**fits.reindex(self.table["Record_number"]).set_axis(blank.index))

    def at(self, lat, lon):
        """Look up climate and greenness at points (`pandas.DataFrame`); NaN off the map.

        Columns ``MAT`` (degC), ``MAP`` (mm), ``warmest``, ``coldest`` (degC), ``fapar``, ``ndvi``,
        ``trees`` and ``bare`` (share).
        """
        lat, lon = pd.Series(lat), pd.Series(lon)
        known = lat.between(-90, 90) & lon.between(-180, 180)
        out = pd.DataFrame(np.nan, index=lat.index, columns=list(self._fields))
        row, col = cell_index(lat[known], lon[known])
        for name, field in self._fields.items():
            out.loc[known, name] = field[row, col]
        return out

    @cached_property
    def _fields(self):
        world = load_embedded() if self._climate is None else self._climate
        tas, classes = world["tas"].values, world["igbp_fraction"]
        return {
            "MAT": tas.mean(axis=0), "MAP": world["pr"].values.sum(axis=0),
            "warmest": tas.max(axis=0), "coldest": tas.min(axis=0),
            "fapar": world["fapar_max"].values, "ndvi": world["ndvi_max"].values,
            "trees": classes.sel(igbp=[1, 2, 3, 4, 5, 8, 9]).sum("igbp").values,
            "bare": classes.sel(igbp=[15, 16]).sum("igbp").values,
        }


def score(value, tolerance):
    """Score a departure: 0.5 at its tolerance, towards 1 beyond.

    Examples
    --------
    >>> score(2.0, 2.0), score(6.0, 2.0)
    (0.5, 0.75)
    """
    return 1 - tolerance / (value + tolerance)


def flag_table(evidence, flags):
    """Tabulate flags with the record and study that each concerns, on the index of the records.

    Parameters
    ----------
    evidence : Evidence
    flags : list of Flag

    Returns
    -------
    pandas.DataFrame
        Columns `FIELDS`.
    """
    table = pd.DataFrame(flags, columns=Flag._fields)
    own = evidence.table.loc[table.pop("row")]
    table["score"] = table["score"].astype(float)
    table = table.assign(record=own["Record_number"].array, study=own["Study_number"].array)
    return table[list(FIELDS)].set_axis(own.index)


def number_text(value):
    """Write a number as SRDB does.

    Examples
    --------
    >>> number_text(45.0), number_text(-0.5)
    ('45', '-0.5')
    """
    return "" if not np.isfinite(value) else f"{value:.8g}"


def flux_text(value):
    """Write an annual flux with its unit."""
    return f"{number_text(value)} g C m-2 yr-1"
