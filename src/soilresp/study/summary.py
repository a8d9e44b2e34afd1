"""Collect the figures of a run for other programs: ``results/summary.json``."""

from soilresp.io.files import write_json
from soilresp.io.versions import versions
from soilresp.scoring.paper import paper_values
from soilresp.study import chapters as workflow

__all__ = ["collect", "write", "table"]

_SCHEMES = ("in_sample", "oob", "random_cv", "site_cv", "study_cv", "spatial_cv")
_FLUX_KEYS = ("total", "sd_sum", "mad_sum", "between_run_sd", "annual_min", "annual_max")
_TARGETS = ("SR", "HR")


def collect(study):
    """Gather the figures of a run from the stored results.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
        Totals in Pg C yr-1, AR_SR the ratio of totals, fluxes of records in g C
        m-2 yr-1. What has not been computed, or no longer holds, is None.
    """
    stored = {stage.name: stage.stored(study) for stage in workflow.STAGES}
    selection = stored["01_data_selection"]
    assembly = stored["02_covariate_assembly"]
    search = stored["03_predictor_search"]
    validation = stored["09_validation"]
    mapping = stored["05_global_mapping"]
    inputs = {}
    for results in stored.values():
        if results and "inputs" in results:
            inputs |= results["inputs"]
    flux = mapping["flux"] if mapping else {}
    return {
        "profile": study.profile.name,
        "recipe": study.recipe,
        "observations": study.observations,
        "n_runs": mapping.settings["n_runs"] if mapping else None,
        "n_trees": mapping.settings["n_trees"] if mapping else None,
        "seed": study.seed,
        "corrections": study.corrections,
        "versions": versions(),
        "inputs": inputs,
        "truth": (selection["truth"] or None) if selection else None,
        "records": _counts(selection["observations"]) if selection else None,
        "matched": _counts(assembly["matched"]) if assembly else None,
        "predictors": search["chosen"] if search else None,
        "flux": {
            name: {key: flux.get(name, {}).get(key) for key in _FLUX_KEYS}
            for name in ("SR", "HR", "AR")
        },
        "AR_SR": flux.get("AR_SR"),
        "validation": {target: _validation(validation, target) for target in _TARGETS},
    }


def write(study):
    """Write ``summary.json`` and return its content.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
    """
    summary = collect(study)
    write_json(study.results / "summary.json", summary)
    return summary


def table(summary):
    """Format the totals of a run beside the paper's, as text for a terminal.

    Parameters
    ----------
    summary : dict
        From `collect`.

    Returns
    -------
    str
    """
    paper = paper_values()["totals"]
    truth = summary["truth"] or {}
    lines = ["Pg C yr-1     this run    years            Lu et al. 2021"]
    if truth:
        lines = ["Twin experiment: synthetic observations, known truth.",
                 "Pg C yr-1     this run    truth"]
    for name in ("SR", "HR", "AR"):
        ours = summary["flux"][name]
        line = f"{name:<12}{_number(ours['total']):>10}"
        if truth:
            known = truth.get(name, truth["SR"] - truth["HR"])
            line += f"{known:>9.1f}"
            if ours["total"] is not None:
                line += f"   ({100 * (ours['total'] / known - 1):+.1f} %)"
        else:
            years = ""
            if ours["annual_min"] is not None:
                years = f"{ours['annual_min']:.1f}-{ours['annual_max']:.1f}"
            line += f"    {years:<14}{paper[name]['value']:>8.1f}"
            line += f" ({paper[name]['annual_min']}-{paper[name]['annual_max']})"
        lines.append(line)
    ratio = f"{'AR/SR':<12}{_number(summary['AR_SR'], 2):>10}"
    if not truth:
        ratio += f"    {'':<14}{paper['AR_SR']['value']:>8.2f}"
    lines.append(ratio)
    if summary["records"]:
        counted = ", ".join(f"{t} {n:,}" for t, n in summary["records"].items())
        beside = "" if truth else " (Lu et al. 2021: " + ", ".join(
            f"{t} {paper_values()['records'][t]['value']:,}" for t in _TARGETS
        ) + ")"
        lines.append(f"Records     {counted}{beside}")
    return "\n".join(lines)


def _counts(records):
    return {t: int((records["target"] == t).sum()) for t in _TARGETS}


def _validation(validation, target):
    out = dict.fromkeys((*_SCHEMES, "coverage90_raw", "coverage90_conformal"))
    if validation:
        ladder, coverage = validation["ladder"], validation["coverage"]
        own = ladder[ladder["target"] == target].set_index("scheme")
        for scheme in _SCHEMES:
            out[scheme] = {key: float(own.loc[scheme, key]) for key in ("r2", "rmse", "r")}
        # Calibrated as they are tested: at random, by study, by blocks of two degrees.
        alike = (coverage["test"] == coverage["calibrated"]) & (coverage["level"] == 0.9)
        held = coverage[alike & (coverage["target"] == target)].set_index("test")
        out["coverage90_raw"] = held["raw"].to_dict()
        out["coverage90_conformal"] = held["conformal"].to_dict()
    return out


def _number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"
