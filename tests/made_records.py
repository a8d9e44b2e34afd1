"""Made field records, and countries and cells around them, for the tests of the records."""

import numpy as np
import pandas as pd

from soilresp.records.quality.evidence import Evidence, flag_table

RADIUS = 6371.007181
"""km of the sphere that distances are taken on."""

SOUND = {
    "Record_number": 1, "Study_number": 10, "Study_midyear": 2000.5, "Study_temp": np.nan,
    "Study_precip": np.nan, "Entry_date": "2009-01-05",
    "Country": "Germany", "Latitude": 50.95, "Longitude": 13.55, "Elevation": 380.0,
    "MAT": 8.0, "MAP": 800.0, "Biome": "Temperate", "Ecosystem_type": "Forest",
    "Manipulation": "None", "Quality_flag": None, "Duplicate_record": None,
    "Rs_annual": 600.0, "Ra_annual": 240.0, "Rh_annual": 360.0, "RC_annual": 0.4,
    "Rs_growingseason": "2.2",
}
"""A spruce forest near Tharandt without any fault."""

CELL = {"MAT": 8.0, "MAP": 770.0, "warmest": 17.0, "coldest": -1.0, "fapar": 0.9, "ndvi": 0.8,
        "trees": 0.6, "bare": 0.0}
"""Climate and vegetation of a made cell."""


def table(*changes):
    """Return the sound record, then one more of the study for each dictionary of changes."""
    rows = [SOUND, *({**SOUND, "Record_number": i + 2, **c} for i, c in enumerate(changes))]
    return pd.DataFrame(rows)


def made(*changes, **cells):
    """Return evidence of records with changes; with lists by name, their cells are made too."""
    rows = [{**SOUND, "Record_number": i + 1, **change} for i, change in enumerate(changes)]
    own = Evidence(pd.DataFrame(rows))
    if cells:
        own.cells = pd.DataFrame({**CELL, **cells}, index=own.table.index)
    return own


def flagged(test, evidence):
    """Return the flags of one test as a table."""
    return flag_table(evidence, list(test(evidence)))


def flags_of(test, *changes):
    """Return the flags of one test on records with changes; the sound record must have none."""
    found = flagged(test, Evidence(table(*changes)))
    assert 0 not in found.index
    return found


def is_flagged(found, score, repair=""):
    """Tell whether there is one flag of a score with a repair; none where the score is None."""
    if score is None:
        return found.empty
    return (len(found) == 1 and abs(found["score"].iloc[0] - score) < 1e-9
            and found["repair"].iloc[0] == repair)


class World:
    """Countries whose places are listed by their point; all else is 9999 km off."""

    names = {"DEU": "Germany", "FRA": "France"}

    def __init__(self, inside=None, home=None, land=None):
        self.inside, self.home, self.land = inside or {}, home or {}, land or {}

    def belonging(self, codes):
        """Return the codes alone: no country has territories."""
        return tuple(codes)

    def containing(self, lat, lon):
        """Return the country that is listed for a point, else the sea."""
        at = zip(np.asarray(lat, float), np.asarray(lon, float))
        return np.array([self.inside.get(p, "") for p in at], dtype="U3")

    def distance(self, lat, lon, codes=None):
        """Return the distance that is listed for a point, to its country or to land."""
        known = self.land if codes is None else self.home
        at = zip(np.asarray(lat, float), np.asarray(lon, float))
        return np.array([known.get(p, 9999.0) for p in at]), None


def placed(own, **world):
    """Give evidence made countries."""
    own.countries = World(**world)
    return own
