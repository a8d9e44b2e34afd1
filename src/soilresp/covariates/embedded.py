"""Read the covariates that ship with the project: a climatology on the half-degree grid.

Built once by ``data/build_embedded.py``; ``data/README.md`` has the provenance
and licence of every field, and what each is good for.
"""

import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import cell_area
from soilresp.grid.land_cover import VEGETATED_CLASSES
from soilresp.io.paths import data_dir

__all__ = ["load_embedded", "path"]

_SIZES = {"month": 12, "lat": 360, "lon": 720, "igbp": 17}
_FIELDS = ("tas", "pr", "vap", "rsds", "rsds_filled", "fapar_max", "ndvi_min", "ndvi_max",
           "igbp_count")


_WAY_OUT = (
    "Restore it with `git checkout data/embedded.nc`, or build it with "
    "`python data/build_embedded.py`."
)


def path():
    """Return the file of the embedded covariates (`pathlib.Path`)."""
    return data_dir() / "embedded.nc"


def load_embedded(file=None):
    """Read the embedded covariates.

    Parameters
    ----------
    file : path-like, optional
        Default: the file that ships with the project.

    Returns
    -------
    xarray.Dataset
        On the half-degree grid, NaN over water:

        - ``tas`` (degC), ``pr`` (mm month-1, rain and snow), ``vap`` (hPa)
          and ``rsds`` (W m-2), along ``month`` (1 to 12);
        - ``rsds_filled``, how each cell came by its radiation (0 to 2);
        - ``fapar_max``, ``ndvi_min`` and ``ndvi_max``;
        - ``igbp_count``, 0.05-degree pixels (of 100) of each class, and
          ``igbp_fraction``, along ``igbp`` (0 to 16);
        - ``vegetated_fraction`` and ``land_fraction``, shares of the whole cell;
        - ``cell_area``, m2, along ``lat``.

    Raises
    ------
    DataError
        If the file is missing, damaged, or lacks a field.

    Examples
    --------
    >>> fields = load_embedded()
    >>> vegetated = fields.cell_area * fields.vegetated_fraction
    >>> round(float(vegetated.sum()) / 1e12, 1)  # Mkm2
    109.4
    """
    file = path() if file is None else file
    try:
        with xr.open_dataset(file, engine="netcdf4") as stored:
            fields = stored.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{file} cannot be read ({error}). {_WAY_OUT}") from None
    lacking = [name for name in _FIELDS if name not in fields]
    if lacking or dict(fields.sizes) != _SIZES:
        raise DataError(
            f"{file} holds {sorted(fields.data_vars)} of sizes {dict(fields.sizes)}; expected "
            f"{', '.join(_FIELDS)} of sizes {_SIZES}. {_WAY_OUT}"
        )
    fraction = fields["igbp_count"] / 100
    fraction = fraction.astype("float32").assign_attrs(
        units="1", long_name="share of each IGBP class in the cell"
    )
    vegetated = fields["igbp_count"].sel(igbp=list(VEGETATED_CLASSES)).sum("igbp") / 100
    land = 1 - fields["igbp_count"].sel(igbp=0, drop=True) / 100
    return fields.assign(
        igbp_fraction=fraction,
        vegetated_fraction=vegetated.assign_attrs(
            units="1",
            long_name="share of vegetation in the cell",
            comment="IGBP classes 1 to 12 and 14: no water, urban, ice or barren land",
        ),
        land_fraction=land.assign_attrs(
            units="1", standard_name="land_area_fraction", long_name="share of land in the cell"
        ),
        cell_area=cell_area(fields["lat"].values).drop_vars("lat"),
    )
