"""Tests of the coordinates."""

import numpy as np
import pandas as pd

from soilresp.grid.cells import kilometres, unit_vectors
from soilresp.records.quality.evidence import THRESHOLD, Evidence, Flag, number_text, score

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
    """Find latitudes beyond 90 and longitudes beyond 180 degrees."""
    lat, lon = evidence.number("Latitude"), evidence.number("Longitude")
    for r in lat.index[lat.notna() & lon.notna() & ~evidence.located]:
        yield Flag(
            r, "impossible coordinates", FIELD, _point(lat[r], lon[r]),
            "a latitude from -90 to 90 and a longitude from -180 to 180", 1.0,
            _repair(evidence, r)[1],
        )


def outside_country(evidence):
    """Find sites outside the country that their record names, and not near its border.

    Near is 100 km, and as much again as the rounding of the coordinates can
    have moved the site; from 25 km on it is remarked. Where one change alone, a
    swap or a sign, brings the site into the country, that is the repair.
    """
    places = _places(evidence)
    off = places[(places["off_home"] > 0) & (places["home_score"] >= REMARK)]
    for r, place in off.iterrows():
        inside = evidence.countries.names.get(place["inside"], "the sea")
        change, repair = _repair(evidence, r)
        yield Flag(
            r, "outside the stated country", FIELD, _point(place["lat"], place["lon"]),
            f"a place in {evidence.text('Country')[r]}; this is in {inside}, "
            f"{place['off_home']:,.0f} km from there"
            + (f"; {change} would put it there" if repair else ""), place["home_score"], repair,
        )


def in_the_sea(evidence):
    """Find sites off the land and not near the shore; near is as in `outside_country`."""
    places = _places(evidence)
    off = places[(places["off_land"] > 0) & (places["land_score"] >= REMARK)]
    for r, place in off.iterrows():
        yield Flag(
            r, "in the sea", FIELD, _point(place["lat"], place["lon"]),
            f"a place on land; the nearest shore is {place['off_land']:,.0f} km away",
            place["land_score"], _repair(evidence, r)[1],
        )


def scattered(evidence):
    """Find sites that lie oceans apart from the others of their study in the same country.

    A site is suspicious when it is more than 1500 km from the middle of the
    study's other sites in that country, and five times as far from it as these
    are on average. Every site counts once, however many records it has.
    """
    places = _places(evidence).assign(study=evidence.study)
    for _, group in places[places["home"].map(len) > 0].groupby(["study", "home"]):
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
            for r in group.index[(group["lat"] == site["lat"]) & (group["lon"] == site["lon"])]:
                yield Flag(
                    r, "far from its study's sites", FIELD, _point(site["lat"], site["lon"]),
                    f"a place near the study's {len(others)} other sites in the same country, "
                    f"which lie {away:,.0f} km away and {spread:,.0f} km apart",
                    score(away, APART), _repair(evidence, r, middle)[1],
                )


def whole_degrees(evidence):
    """Find coordinates in whole degrees, which place a site to 80 km: a remark, no suspicion."""
    places = _places(evidence)
    for r, place in places[places["decimals"] == 0].iterrows():
        yield Flag(
            r, "coordinates in whole degrees", FIELD, _point(place["lat"], place["lon"]),
            "coordinates with decimals; these may be 80 km off", 0.2,
        )


def suspicious_sites(table, flags, threshold=THRESHOLD):
    """List sites with suspicious coordinates, and where they more likely are.

    Parameters
    ----------
    table : pandas.DataFrame
        Records that were checked.
    flags : pandas.DataFrame
        From `soilresp.records.quality.check_records`.
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
    columns = ["study", "country", "lat", "lon", "records", "to_lat", "to_lon", "how"]
    rows = []
    for (study, _), group in own.groupby(["study", "value"], sort=False):
        row, repair = group.index[0], group["repair"].iloc[0]
        lat, lon = evidence.number("Latitude")[row], evidence.number("Longitude")[row]
        to, how = (np.nan, np.nan), ""
        if repair:
            to = tuple(float(part.partition("=")[2]) for part in repair.split("; "))
            how = "repair"
        elif evidence.home[row] and evidence.located[row]:
            to = tuple(evidence.countries.distance([lat], [lon], evidence.home[row])[1][0])
            how = "nearest"
        rows.append((study, evidence.text("Country")[row], lat, lon, len(group), *to, how))
    return pd.DataFrame(rows, columns=columns)


def _places(evidence):
    """Locate each record: its country, and how far from its own country and from land it lies."""
    if "places" in evidence.memo:
        return evidence.memo["places"]
    on = evidence.located
    lat, lon = (evidence.number(c)[on].to_numpy() for c in ("Latitude", "Longitude"))
    places = pd.DataFrame({"lat": lat, "lon": lon, "home": evidence.home[on]})
    digits = [[len(number_text(v).partition(".")[2]) for v in values] for values in (lat, lon)]
    places["decimals"] = np.maximum(*digits)
    places["tolerance"] = BORDER + _DEGREE * 0.7 * 0.1 ** places["decimals"]
    places["inside"] = evidence.countries.containing(lat, lon)
    shore = evidence.countries.distance(lat, lon)[0]
    places["off_land"] = np.where(places["inside"] == "", shore, 0)
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
    """Find the one change of the coordinates that explains a misplaced site.

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
    """Return the only candidate whose temperature is within 4 K of the reported one, if any."""
    reported = evidence.number("MAT")[row]
    at = np.array(list(fit.values()))
    near = np.abs(evidence.at(at[:, 0], at[:, 1])["MAT"] - reported) < 4
    return list(fit)[int(np.argmax(near))] if near.sum() == 1 else None


def _point(lat, lon):
    return f"{number_text(lat)}, {number_text(lon)}"
