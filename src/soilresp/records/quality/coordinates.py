"""Tests of the coordinates."""

import numpy as np
import pandas as pd

from soilresp.records.quality.countries import kilometres, unit_vectors
from soilresp.records.quality.evidence import (
    THRESHOLD,
    Evidence,
    decimals,
    flag,
    merge,
    number_text,
    score,
)

__all__ = ["impossible", "outside_country", "in_the_sea", "scattered", "suspicious_sites",
           "whole_degrees"]

FIELD = "Latitude, Longitude"

BORDER = 100.0
"""km that a site may lie off its country or the shore before that is suspicious."""

SHORE = 25.0
"""km that a repaired site may lie off its country: what the polygons leave out of a coast."""

REMARK = 0.2
"""Score from which a site off its country or the shore is told of: a quarter of the tolerance."""

APART = 1500.0
"""km from the other sites of its study at which a lone site becomes suspicious."""

_DEGREE = 111.2  # km of latitude

_CHANGES = (
    # In the order of how little they change; the first that fit are taken.
    {"sign of latitude": lambda lat, lon: (-lat, lon),
     "sign of longitude": lambda lat, lon: (lat, -lon),
     "latitude and longitude swapped": lambda lat, lon: (lon, lat)},
    {"signs of both": lambda lat, lon: (-lat, -lon),
     "swapped, and a sign": lambda lat, lon: (-lon, lat),
     "swapped, and the other sign": lambda lat, lon: (lon, -lat),
     "swapped, and both signs": lambda lat, lon: (-lon, -lat)},
)


def impossible(evidence):
    """No latitude is beyond 90, no longitude beyond 180 degrees."""
    lat, lon = evidence.number("Latitude"), evidence.number("Longitude")
    rows = lat.index[lat.notna() & lon.notna() & ~evidence.located]
    return flag(
        evidence, rows, "impossible coordinates", FIELD, _points(lat[rows], lon[rows]),
        "a latitude from -90 to 90 and a longitude from -180 to 180", 1.0,
        [_repair(evidence, row)[1] for row in rows],
    )


def outside_country(evidence):
    """A site lies in the country that its record names, or near its border.

    Near is 100 km, and as much again as the rounding of the coordinates can
    have moved the site; from 25 km on it is remarked. Where one change alone, a
    swap or a sign, brings the site into the country, that is the repair.
    """
    places = _places(evidence)
    points = places[(places["off_home"] > 0) & (places["home_score"] >= REMARK)]
    words, repairs = [], []
    for row, point in points.iterrows():
        where = evidence.countries.names.get(point["inside"], "the sea")
        text = f"a place in {evidence.text('Country')[row]}; this is in {where}, "
        text += f"{point['off_home']:,.0f} km from there"
        change, repair = _repair(evidence, row)
        words.append(text + (f"; {change} would put it there" if repair else ""))
        repairs.append(repair)
    return flag(
        evidence, points.index, "outside the stated country", FIELD,
        _points(points["lat"], points["lon"]), words, points["home_score"], repairs,
    )


def in_the_sea(evidence):
    """A site lies on land, or near the shore; near is as in `outside_country`."""
    places = _places(evidence)
    points = places[(places["off_land"] > 0) & (places["land_score"] >= REMARK)]
    words = [
        f"a place on land; the nearest shore is {km:,.0f} km away" for km in points["off_land"]
    ]
    return flag(
        evidence, points.index, "in the sea", FIELD, _points(points["lat"], points["lon"]), words,
        points["land_score"], [_repair(evidence, row)[1] for row in points.index],
    )


def scattered(evidence):
    """The sites of one study in one country do not lie oceans apart.

    A site is suspicious when it is more than 1500 km from the middle of the
    study's other sites in that country, and five times as far from it as these
    are on average. Every site counts once, however many records it has.
    """
    places = _places(evidence)
    places = places[places["home"].map(len) > 0]
    parts = []
    groups = places.assign(study=evidence.study).groupby(["study", "home"])
    several = groups["lat"].transform("nunique") + groups["lon"].transform("nunique") > 3
    several = several.reindex(places.index, fill_value=False)
    for _, group in places[several].assign(study=evidence.study).groupby(["study", "home"]):
        sites = group.drop_duplicates(["lat", "lon"])
        if len(sites) < 3:
            continue
        at = unit_vectors(sites["lat"], sites["lon"])
        for i, (_, site) in enumerate(sites.iterrows()):
            others = np.delete(at, i, axis=0)
            middle = np.median(others, axis=0)
            middle = middle / np.linalg.norm(middle)
            spread = kilometres(np.linalg.norm(others - middle, axis=1)).mean()
            away = float(kilometres(np.linalg.norm(at[i] - middle)))
            if away < 5 * spread or score(away, APART) < 0.4:
                continue
            rows = group.index[(group["lat"] == site["lat"]) & (group["lon"] == site["lon"])]
            parts.append(
                flag(
                    evidence, rows, "far from its study's sites", FIELD,
                    _points(group["lat"][rows], group["lon"][rows]),
                    f"a place near the study's {len(others)} other sites in the same country, "
                    f"which lie {away:,.0f} km away and {spread:,.0f} km apart",
                    score(away, APART), [_repair(evidence, row, middle)[1] for row in rows],
                )
            )
    return merge(parts)


def whole_degrees(evidence):
    """Coordinates in whole degrees place a site to 80 km: a remark, no suspicion."""
    places = _places(evidence)
    points = places[places["decimals"] == 0]
    return flag(
        evidence, points.index, "coordinates in whole degrees", FIELD,
        _points(points["lat"], points["lon"]),
        "coordinates with decimals; these may be 80 km off", 0.2,
    )


def suspicious_sites(table, flags, threshold=THRESHOLD):
    """Sites whose coordinates are under suspicion, and where they more likely belong.

    Parameters
    ----------
    table : pandas.DataFrame
        Records that were checked.
    flags : pandas.DataFrame
        From `soilresp.records.quality.check`.
    threshold : float

    Returns
    -------
    pandas.DataFrame
        By site: ``study``, ``country`` (as stated), ``lat``, ``lon``, ``records``,
        ``to_lat`` and ``to_lon``, and ``how`` they were found: by "repair", or as
        the "nearest" point of the stated country; empty where there is neither.
    """
    own = flags[(flags["field"] == FIELD) & (flags["score"] >= threshold)]
    own = own.sort_values("repair", ascending=False, kind="stable")
    own = own[~own.index.duplicated()]
    evidence = Evidence(table)
    rows = []
    for (study, value), group in own.groupby(["study", "value"], sort=False):
        row, repair = group.index[0], group["repair"].iloc[0]
        lat, lon = evidence.number("Latitude")[row], evidence.number("Longitude")[row]
        to, how = (np.nan, np.nan), ""
        if repair:
            to = tuple(float(part.partition("=")[2]) for part in repair.split("; "))
            how = "repair"
        elif evidence.home[row] and evidence.located[row]:
            to = tuple(evidence.countries.distance([lat], [lon], evidence.home[row])[1][0])
            how = "nearest"
        rows.append(
            {"study": study, "country": evidence.text("Country")[row], "lat": lat, "lon": lon,
             "records": len(group), "to_lat": to[0], "to_lon": to[1], "how": how}
        )
    columns = ["study", "country", "lat", "lon", "records", "to_lat", "to_lon", "how"]
    return pd.DataFrame(rows, columns=columns)


def _places(evidence):
    """Where each located record lies, and how far from its country and from land."""
    if "places" in evidence.memo:
        return evidence.memo["places"]
    on = evidence.located
    places = pd.DataFrame(
        {"lat": evidence.number("Latitude"), "lon": evidence.number("Longitude"),
         "home": evidence.home}
    )[on]
    lat, lon = places["lat"].to_numpy(), places["lon"].to_numpy()
    places["decimals"] = np.maximum(decimals(lat), decimals(lon))
    places["tolerance"] = BORDER + _DEGREE * 0.7 * 0.1 ** places["decimals"]
    places["inside"] = evidence.countries.containing(lat, lon)
    places["off_land"] = np.where(
        places["inside"] == "", evidence.countries.distance(lat, lon)[0], 0
    )
    places["off_home"] = 0.0
    for codes, group in places.groupby("home"):
        if codes:
            away = evidence.countries.distance(group["lat"], group["lon"], codes)[0]
            places.loc[group.index, "off_home"] = np.where(group["inside"].isin(codes), 0, away)
    for name in ("home", "land"):
        places[f"{name}_score"] = score(places[f"off_{name}"], places["tolerance"])
    evidence.memo["places"] = places
    return places


def _repair(evidence, row, middle=None):
    """The one change of the coordinates that explains a misplaced site.

    It must put the site into its country (onto land, if that is not known),
    and within 500 km of `middle` where that is given. Of several that do, the
    one is taken whose climate is far nearer to what the record reports.

    Returns
    -------
    change, repair : str
        Both empty if no change does, or more than one.
    """
    lat, lon = evidence.number("Latitude")[row], evidence.number("Longitude")[row]
    home = evidence.home[row]
    for changes in _CHANGES:
        fit = {}
        for name, change in changes.items():
            at = change(lat, lon)
            if at == (lat, lon) or not (abs(at[0]) <= 90 and abs(at[1]) <= 180):
                continue
            inside = evidence.countries.containing(*np.array([at]).T)[0]
            if home:
                off = evidence.countries.distance([at[0]], [at[1]], home)[0][0]
                good = inside in home or off <= SHORE
            else:
                good = inside != ""
            if good and middle is not None:
                good = kilometres(np.linalg.norm(unit_vectors(*at)[0] - middle)) < 500
            if good:
                fit[name] = at
        name = _climate_choice(evidence, row, fit) if len(fit) > 1 else next(iter(fit), None)
        if name:
            at = fit[name]
            return name, f"Latitude={number_text(at[0])}; Longitude={number_text(at[1])}"
        if fit:
            break
    return "", ""


def _climate_choice(evidence, row, fit):
    """The candidate whose temperature is within 4 K of the reported one while no other's is."""
    reported = evidence.number("MAT")[row]
    at = np.array(list(fit.values()))
    near = np.abs(evidence.at(at[:, 0], at[:, 1])["MAT"] - reported) < 4
    return list(fit)[int(np.argmax(near))] if near.sum() == 1 else None


def _points(lat, lon):
    return [f"{number_text(a)}, {number_text(b)}" for a, b in zip(lat, lon)]
