"""Run the study: settings, stages with provenance, notebooks, sweeps."""
