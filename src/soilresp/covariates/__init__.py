"""Build, load and check the covariates: climate, vegetation and soil on one grid."""

__all__ = ["load_covariates"]


def __getattr__(name):
    # Imported when used: the readers of all products take most of a second.
    if name == "load_covariates":
        from soilresp.covariates.load import load_covariates

        return load_covariates
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
