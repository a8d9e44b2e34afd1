"""Stage 6: the carbon budget of the land."""

from soilresp.budget import carbon_budget
from soilresp.stages import Stage
from soilresp.workflow.upscaling import mapping

__all__ = ["budget"]


def _budget(study, needs, *, n_draws=100_000, correlation=0.0):
    """Recompute the paper's carbon budget with our fluxes.

    Results: ``budget``. Settings: Monte-Carlo draws, and the correlation of
    the errors of SR and HR.
    """
    flux = needs["05_global_mapping"].flux
    table = carbon_budget(
        flux["SR"]["total"], flux["HR"]["total"],
        sr_sd=flux["SR"]["sd_sum"], hr_sd=flux["HR"]["sd_sum"],
        correlation=correlation, n_draws=n_draws, seed=study.seed,
    )
    return {"budget": table}


budget = Stage("06_carbon_budget", _budget, [mapping])
