"""Made-up records with predictors."""

import numpy as np
import pandas as pd

from soilresp.covariates.recipes import PREDICTORS


def searched(n=150, seed=0):
    """All ten predictors at records whose flux follows MAT and Prec; studies of five records."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, len(PREDICTORS))), columns=list(PREDICTORS))
    flux = 500 + 200 * x["MAT"] + 100 * x["Prec"] + rng.normal(0, 20, n)
    study = np.arange(n) // 5
    return x, pd.DataFrame(
        {"flux": flux, "study": study, "cell": study // 2, "stratum": np.arange(n) % 3 + 1}
    )
