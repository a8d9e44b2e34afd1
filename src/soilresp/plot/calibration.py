"""Draw the calibration of intervals, and errors far from the records."""

import numpy as np

from soilresp.plot._parts import empty_panel, flux_panels, legend_below, name_rows, need
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled

__all__ = ["error_by_distance", "leakage_dots", "interval_coverage", "pit_histogram"]

_TESTS = {
    "random": ("left out at random", "#56B4E9", "o"),
    "study": ("left-out studies", "#0072B2", "s"),
    "spatial": ("left-out 2° blocks", "#D55E00", "^"),
}

_FOLDS = {
    "random_cv": ("random folds", "#56B4E9", "o"),
    "site_cv": ("site folds", "#009E73", "D"),
    "study_cv": ("study folds", "#0072B2", "s"),
}

_FOLDS_APART = (
    "random_cv", "site_cv", "study_cv", "spatial_1deg", "spatial_cv", "spatial_5deg",
    "spatial_10deg", "region_cv",
)

_NAMED = {"random_cv": "random", "spatial_10deg": "10° blocks", "region_cv": "regions"}


@styled
def error_by_distance(ladder, buffered):
    """Draw the error against the distance to the nearest training record.

    Errors are shares of the error of a map that is the mean of the training records
    everywhere, so that 1 is no skill and fluxes and samples of records can be compared.

    Parameters
    ----------
    ladder : pandas.DataFrame
        Columns ``target``, ``scheme``, ``r2`` and ``distance`` (km).
    buffered : pandas.DataFrame
        From `soilresp.evaluation.validation.buffered_curve`, with ``target``. Bars are one standard
        error of the difference from the first point.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(ladder, ("target", "scheme", "r2", "distance"), "error_by_distance")
    need(buffered, ("target", "distance", "rmse", "rmse_se", "rmse_of_mean"), "error_by_distance")
    fig = figure(8, 4.0)
    for ax, target in flux_panels(fig, sharey=True):
        own = ladder[(ladder["target"] == target) & ladder["scheme"].isin(_FOLDS_APART)]
        error = np.sqrt(1 - own["r2"])
        ax.plot(own["distance"], error, "o", ms=6, color=COLOURS[target], zorder=4,
                label="folds of all records")
        for scheme, distance, high in zip(own["scheme"], own["distance"], error):
            if scheme in _NAMED:
                ax.annotate(
                    _NAMED[scheme], (distance, high), xytext=(0, -14),
                    textcoords="offset points", ha="center", fontsize=7.5,
                )
        curve = buffered[buffered["target"] == target]
        ax.errorbar(
            curve["distance"], curve["rmse"] / curve["rmse_of_mean"],
            yerr=curve["rmse_se"] / curve["rmse_of_mean"], color=COLOURS["muted"],
            marker="v", ms=5, lw=1.0, elinewidth=0.8, zorder=3,
            label="cells with an empty belt around",
        )
        ax.axhline(1, color=COLOURS["paper"], lw=0.8, ls="--")
        ax.set_xscale("symlog", linthresh=10)
        ax.set_xticks([0, 10, 100, 1000], ["0", "10", "100", "1,000"])
        ax.set(xlim=(-3, 6000), xlabel="Median distance to the nearest training record (km)")
        ax.grid(axis="y")
        ax.legend(loc="lower right")
    fig.axes[0].set(ylabel="RMSE over that of predicting the mean (–)", ylim=(0, None))
    return fig


@styled
def leakage_dots(table):
    """Draw the RMSE of SR for predictors by year, without years, and for random numbers.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.evaluation.validation.compare_sets`; may be
        empty, when no predictor has years.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 2.9)
    ax = fig.subplots()
    if len(table) == 0:
        empty_panel(ax, "No predictor of this recipe varies from year to year.")
        return fig
    names = list(dict.fromkeys(table["predictors"]))
    for scheme, (words, colour, marker) in _FOLDS.items():
        rows = table[table["scheme"] == scheme].set_index("predictors")["rmse"].reindex(names)
        ax.plot(rows, np.arange(len(names)), marker, ms=7, color=colour, label=words)
    name_rows(ax, names)
    ax.grid(axis="both")
    ax.set_xlabel(f"RMSE of SR ({FLUX_UNITS})")
    legend_below(fig, ax, ncols=3)
    return fig


@styled
def interval_coverage(table):
    """Draw the share of left-out records inside their intervals, raw and conformal.

    Parameters
    ----------
    table : pandas.DataFrame
        Coverage from `soilresp.evaluation.calibration.calibration`, with ``target``. Drawn are the
        rows where records calibrate that are set apart as those that test are.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "test", "calibrated", "level", "raw", "conformal"), "interval_coverage")
    fig = figure(8, 4.3)
    for ax, target in flux_panels(fig, sharey=True):
        ax.axline((0, 0), slope=1, color=COLOURS["paper"], ls="--", lw=0.9)
        for shift, (test, (words, colour, marker)) in zip((-0.8, 0, 0.8), _TESTS.items()):
            alike = (table["test"] == test) & (table["calibrated"] == test)
            rows = table[alike & (table["target"] == target)]
            for kind, face in (("raw", "white"), ("conformal", colour)):
                ax.plot(
                    100 * rows["level"] + shift, 100 * rows[kind], marker, ms=6.5, color=colour,
                    mfc=face, label=f"{words}, {kind}",
                )
        ax.set(xlim=(45, 99), ylim=(35, 100), xticks=[50, 80, 90, 95],
               xlabel="Records that the interval should hold (%)")
        ax.grid(axis="both")
    fig.axes[0].set_ylabel("Records that it holds (%)")
    legend_below(fig, fig.axes[0], ncols=3)
    return fig


@styled
def pit_histogram(table):
    """Draw the histogram of left-out records in their predicted distributions.

    Parameters
    ----------
    table : pandas.DataFrame
        PIT shares from `soilresp.evaluation.calibration.calibration`, with ``target``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "test", "bin", "share"), "pit_histogram")
    fig = figure(8, 3.7)
    for ax, target in flux_panels(fig, sharey=True):
        for test, (words, colour, _) in _TESTS.items():
            rows = table[(table["target"] == target) & (table["test"] == test)]
            edges = np.linspace(0, 1, len(rows) + 1)
            ax.stairs(100 * rows["share"], edges, color=colour, lw=1.5, label=words)
        ax.axhline(100 / max(len(rows), 1), color=COLOURS["paper"], ls="--", lw=0.9)
        ax.set(xlim=(0, 1), xlabel="Place in the predicted distribution (–)")
    # Last: a limit that is set stays, whatever a later panel holds.
    fig.axes[0].set(ylim=(0, None), ylabel="Share of the records (%)")
    legend_below(fig, fig.axes[0], ncols=3)
    return fig
