"""Tests of field records for values that are likely wrong, and what to do about them.

Each test is a generator of flags from an `Evidence` and documents its reasoning.
`check_records` runs them all and changes nothing; `apply_flags` drops or repairs.

>>> from soilresp.records.srdb import load_srdb
>>> flags = check_records(load_srdb(strip=False))  # doctest: +SKIP
"""

from soilresp.records.quality.checks import DECISIVE, QUALITY, TESTS, apply_flags, check_records
from soilresp.records.quality.coordinates import suspicious_sites
from soilresp.records.quality.evidence import CLEAN_FLAGS, FIELDS, THRESHOLD, Evidence
from soilresp.records.quality.report import counts, page, sentences, suspects

__all__ = [
    "CLEAN_FLAGS", "DECISIVE", "FIELDS", "QUALITY", "TESTS", "THRESHOLD", "Evidence",
    "apply_flags", "check_records", "counts", "page", "sentences", "suspects", "suspicious_sites",
]
