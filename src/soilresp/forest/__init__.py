"""Fast and exact evaluator of fitted scikit-learn forests over many rows.

Needs nothing else of this package:

>>> import numpy as np
>>> from sklearn.ensemble import RandomForestRegressor
>>> from soilresp.forest import Rows, Weights, distribution, evaluate
>>> rng = np.random.default_rng(0)
>>> x, y = rng.normal(size=(200, 3)), rng.lognormal(size=200)
>>> forest = RandomForestRegressor(50, random_state=0).fit(x, y)
>>> rows = Rows(rng.normal(size=(1000, 3)), like=x)  # ordered once, for any number of forests
>>> mean, second_moment = evaluate(forest, rows)
>>> bool(np.allclose(mean, forest.predict(rows.x), rtol=1e-6))
True
>>> sorted(distribution(forest, x, y, rows, levels=[0.05, 0.95]))
['mad', 'mean', 'quantiles', 'sd']

A leaf stands for all training records in it, as Meinshausen (2006) weights them. The weights
of several forests add up in `Weights`.
"""

from soilresp.forest.distribution import Weights, distribution
from soilresp.forest.evaluate import evaluate, total_weights
from soilresp.forest.rows import Rows
from soilresp.forest.trees import Trees

__all__ = ["Rows", "Trees", "Weights", "distribution", "evaluate", "total_weights"]
