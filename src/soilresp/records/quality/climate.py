"""Tests of the climate, elevation and vegetation of a record against those of its cell."""

import numpy as np
import pandas as pd

from soilresp.records.quality.evidence import Flag, number_text, score

__all__ = ["temperature", "precipitation", "elevation", "biome", "ecosystem", "left_out"]

MAT_TOLERANCE = 16.0
"""K between a reported temperature and that of its half-degree cell; mountains need this much."""

MAP_TOLERANCE = 8.0
"""Factor between a reported precipitation and that of its cell."""

SUBJECTIVE = 0.49
"""Largest score of a flag on a field that SRDB calls subjective: a remark."""

ELEVATION_TOLERANCE = 2400.0
"""m between a reported elevation and the one that the climate and the nearest sites suggest."""


def temperature(evidence):
    """Compare reported mean annual temperatures with those of the cell (ERA5, 2000-2025).

    The tolerance of 16 K leaves room for 2500 m between a site and the mean
    height of its cell; from 8 K on it is remarked. Where the other sign explains
    it, that is the repair.
    """
    cell = evidence.cells["MAT"]
    for field in ("MAT", "Study_temp"):
        own = evidence.number(field)
        away = (own - cell).abs()
        suspicion = score(away, MAT_TOLERANCE)
        for r in away.index[(suspicion >= 1 / 3) & (away > 0)]:
            turned = abs(-own[r] - cell[r]) < 2 and away[r] > MAT_TOLERANCE
            yield Flag(
                r, "temperature against the map", field, f"{number_text(own[r])} degC",
                f"about {cell[r]:.0f} degC, as in the cell of its coordinates", suspicion[r],
                f"{field}={number_text(-own[r])}" if turned else "",
            )


def precipitation(evidence):
    """Compare reported annual precipitation with that of the cell (ERA5, 2000-2025).

    A factor of eight is suspicious. Where a factor of ten or a hundred explains it, that is
    the repair.
    """
    cell = evidence.cells["MAP"]
    for field in ("MAP", "Study_precip"):
        own = evidence.number(field).clip(lower=0)
        # A few mm more or less are nothing in a desert.
        log = np.log((own + 30) / (cell + 30))
        suspicion = score(log.abs(), np.log(MAP_TOLERANCE))
        for r in log.index[(suspicion >= 0.45) & log.notna()]:
            fit = [
                own[r] * f for f in (0.01, 0.1, 10.0, 100.0)
                if abs(np.log((own[r] * f + 30) / (cell[r] + 30))) < np.log(1.5)
            ]
            clear = len(fit) == 1 and abs(log[r]) >= np.log(MAP_TOLERANCE)
            yield Flag(
                r, "precipitation against the map", field, f"{number_text(own[r])} mm",
                f"about {cell[r]:,.0f} mm, as in the cell of its coordinates", suspicion[r],
                f"{field}={number_text(fit[0])}" if clear else "",
            )


def elevation(evidence):
    """Compare reported elevations with the climate of the place and with other studies near it.

    The map has no relief. What is expected comes from a forest that learns
    elevation from place and climate, never from the same study.
    """
    test, field, own = "elevation against the map", "Elevation", evidence.number("Elevation")
    wrong = (own < -430) | (own > 6500)
    for r in own.index[wrong]:
        yield Flag(
            r, test, field, f"{number_text(own[r])} m",
            "between the Dead Sea and the highest plants, -430 to 6500 m", 1.0,
        )
    known = own.notna() & evidence.located
    study = evidence.study[known]
    if study.nunique() < 50:
        return
    x = evidence.cells[known][["MAT", "MAP", "warmest", "coldest", "ndvi"]].assign(
        lat=evidence.number("Latitude"), lon=evidence.number("Longitude"),
        reported=evidence.number("MAT").fillna(evidence.cells["MAT"]),
    ).fillna(-99)
    expected = left_out(x, own[known], study, trees=40)
    suspicion = score((own[known] - expected).abs(), ELEVATION_TOLERANCE)
    for r in suspicion.index[(suspicion >= 0.45) & ~wrong[known]]:
        yield Flag(
            r, test, field, f"{number_text(own[r])} m",
            f"about {expected[r]:,.0f} m, from the climate there and sites nearby", suspicion[r],
        )


_BIOMES = {
    # Mean annual temperature of the cell, degC, and distance from the equator, degrees.
    "Tropical": ((14, 40), (0, 32)),
    "Subtropical": ((6, 35), (5, 45)),
    "Mediterranean": ((4, 28), (20, 52)),
    "Temperate": ((-8, 25), (15, 66)),
    "Boreal": ((-18, 10), (28, 75)),
    "Arctic": ((-40, 6), (30, 90)),
}


def biome(evidence):
    """Compare a biome with the climate of its cell and its latitude.

    The bounds are wide, and the flags are remarks, since SRDB calls the field subjective.
    Tropical from 14 degC up and to 32 degrees of latitude, boreal to 10 degC
    and from 28 degrees (high mountains are called so too), and so on. What is
    beyond them by 5 K or 7 degrees is remarked.
    """
    name = evidence.text("Biome")
    mat, away = evidence.cells["MAT"], evidence.number("Latitude").abs().where(evidence.located)
    for word, ((cold, warm), (low, high)) in _BIOMES.items():
        beyond = pd.concat(
            [(cold - mat) / 8, (mat - warm) / 8, (low - away) / 10, (away - high) / 10], axis=1
        ).max(axis=1)
        suspicion = score(beyond.clip(lower=0), 1.0).clip(upper=SUBJECTIVE)
        for r in name.index[(name == word) & (suspicion >= 0.4)]:
            yield Flag(
                r, "biome against the map", "Biome", word,
                f"a biome of {away[r]:.0f} degrees of latitude and {mat[r]:.0f} degC; {word} is "
                f"looked for at {low} to {high} degrees and {cold} to {warm} degC", suspicion[r],
            )


def ecosystem(evidence):
    """Compare an ecosystem with its cell: wet deserts, warm tundra, forest on bare ground.

    A half-degree cell holds many ecosystems, so only what no part of the cell
    is likely to be is remarked: SRDB calls the field subjective.
    """
    name, cells = evidence.text("Ecosystem_type"), evidence.cells
    cases = (
        ("Desert", score(cells["MAP"], 1400.0), "MAP",
         "a dry place; the cell has {:,.0f} mm a year"),
        ("Tundra", score((cells["warmest"] - 10).clip(lower=0), 10.0), "warmest",
         "a cold place; the warmest month of the cell has {:.0f} degC"),
        ("Forest", 0.45 * (cells["bare"] >= 0.99), "bare",
         "not a forest; {:.0%} of the cell is bare ground or ice"),
    )
    for word, suspicion, cause, text in cases:
        for r in name.index[(name == word) & (suspicion >= 0.45)]:
            yield Flag(
                r, "ecosystem against the map", "Ecosystem_type", word,
                text.format(cells.loc[r, cause]), min(suspicion[r], SUBJECTIVE),
            )


def left_out(x, y, groups, trees=60, folds=5):
    """Predict each record by a forest that never saw a record of its own group.

    Parameters
    ----------
    x : pandas.DataFrame, shape (n, features)
    y, groups : pandas.Series, shape (n,)
    trees, folds : int

    Returns
    -------
    pandas.Series, shape (n,)
    """
    from sklearn.ensemble import ExtraTreesRegressor

    order = np.random.default_rng([0, folds]).permutation(np.unique(groups))
    fold = pd.Series(np.arange(len(order)) % folds, index=order)[groups.to_numpy()].to_numpy()
    out = pd.Series(np.nan, index=y.index)
    values, known = x.to_numpy(np.float32), y.to_numpy()
    for k in range(folds):
        forest = ExtraTreesRegressor(trees, min_samples_leaf=5, max_features=0.5, random_state=k)
        inside = fold == k
        out[inside] = forest.fit(values[~inside], known[~inside]).predict(values[inside])
    return out
