"""Faulty input of every kind, each with the exit code and the one message that it must give."""

from bad_input.case import Case, Outcome, World, run_case
from bad_input.cube_cases import CUBE_CASES
from bad_input.declared_cases import DECLARED_CASES
from bad_input.model_cases import MODEL_CASES
from bad_input.parameter_cases import PARAMETER_CASES
from bad_input.raw_cases import RAW_CASES
from bad_input.srdb_cases import SRDB_CASES

__all__ = ["CASES", "Case", "Outcome", "World", "run_case"]

CASES = (
    *SRDB_CASES, *CUBE_CASES, *RAW_CASES, *MODEL_CASES, *PARAMETER_CASES, *DECLARED_CASES,
)
"""The table of all cases."""
