"""Stage 6: the carbon budget of the land."""

from soilresp.scoring.budget import carbon_budget
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.c12_uncertainty import uncertainty
from soilresp.study.stage import Stage

__all__ = ["budget"]


def _budget(study, needs, *, n_draws=100_000, correlation=None, spread="studies"):
    """Recompute the paper's carbon budget with our fluxes.

    Results: ``budget``, with ``sd_cells`` beside ``sd``: that from the sum of the
    cells' SD. Settings: Monte-Carlo draws; the correlation of the errors of SR
    and HR if not the one between resampled studies; ``spread``, the
    uncertainty of both: between ``studies``, of ``all`` sources, or the sum over ``cells``.
    """
    flux, headline = needs["05_global_mapping"].flux, needs["05_uncertainty"].headline
    cells = {t: flux[t]["sd_sum"] for t in ("SR", "HR")}
    sds = {"studies": headline["sd"], "all": headline["all"], "cells": cells}
    if correlation is None:
        correlation = headline["correlation"] or 0.0
    tables = [
        carbon_budget(
            flux["SR"]["total"], flux["HR"]["total"], sr_sd=sd["SR"], hr_sd=sd["HR"],
            correlation=correlation, n_draws=n_draws, seed=study.seed,
        )
        for sd in (sds[spread], cells)
    ]
    return {"budget": tables[0].assign(sd_cells=tables[1]["sd"])}


budget = Stage("06_carbon_budget", _budget, [mapping, uncertainty], data=("paper_values.yaml",))
