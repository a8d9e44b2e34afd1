"""Field records that cannot be right: tests of SRDB, what they found, and what to do about it.

Every test looks at one kind of slip, on its own, and is a function of the
`Evidence` that documents its reasoning. `check` runs them all, and changes
nothing. `apply` does what a selection asks for.

>>> from soilresp.records.srdb import read_srdb
>>> flags = check(read_srdb("srdb-data.csv", strip=False))  # doctest: +SKIP
"""

from soilresp.records.quality.coordinates import suspicious_sites
from soilresp.records.quality.evidence import CLEAN_FLAGS, FIELDS, THRESHOLD, Evidence
from soilresp.records.quality.remedy import DECISIVE, QUALITY, apply
from soilresp.records.quality.report import counts, page, sentences, suspects
from soilresp.records.quality.suite import TESTS, check

__all__ = [
    "CLEAN_FLAGS", "DECISIVE", "FIELDS", "QUALITY", "TESTS", "THRESHOLD", "Evidence", "apply",
    "check", "counts", "page", "sentences", "suspects", "suspicious_sites",
]
