"""Read, select, check, correct and match field records of soil respiration."""
