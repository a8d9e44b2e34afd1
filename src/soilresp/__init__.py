"""The Global Soil Respiration Benchmark.

Field records of soil respiration become half-degree maps of total (SR),
heterotrophic (HR) and autotrophic (AR) soil respiration by the quantile random
forests of Lu et al. (2021, doi:10.1088/1748-9326/abf526), and the maps become
a benchmark for terrestrial ecosystem models.
"""

import warnings

__version__ = "0.1.0"

# pooch imports tqdm's notebook bars, which complain where there are no widgets; ours need none.
warnings.filterwarnings("ignore", message="IProgress not found")
