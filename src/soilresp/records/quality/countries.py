"""Polygons of countries, and the names of countries in SRDB."""

import difflib
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from soilresp.errors import DataError
from soilresp.grid.cells import kilometres, unit_vectors
from soilresp.io.paths import data_dir

__all__ = ["Countries", "resolve", "all_countries", "nearest_name"]

_FILE = "natural_earth/shapefiles/natural_earth/cultural/ne_50m_admin_0_countries.shp"

_NAMES = {
    # Names in use that the ISO list has not, or has for one of several countries.
    "uk": ("GBR",), "russia": ("RUS",), "turkey": ("TUR",), "czech": ("CZE",),
    "korea": ("KOR", "PRK"), "congo": ("COG", "COD"), "republic of congo": ("COG",),
    "republic of niger": ("NER",), "kingdom of saudi arabia": ("SAU",), "micronesia": ("FSM",),
    "czechoslovakia": ("CZE", "SVK"), "antarctic": ("ATA",),
    # Natural Earth keeps it with France.
    "french guiana": ("FRA",),
    "serbia": ("SRB", "KOS"),
    "china": ("CHN", "HKG", "MAC", "TWN"),
}


@cache
def resolve(name):
    """Return the ISO 3166 codes of a country's name.

    Parameters
    ----------
    name : str or None

    Returns
    -------
    tuple of str
        Empty for a name that is no country; several for one that may mean
        more than one.

    Examples
    --------
    >>> resolve("Scotland"), resolve("The Netherlands"), resolve("Tuscany")
    (('GBR',), ('NLD',), ())
    """
    import pycountry  # an extra, as cartopy and shapely

    if not isinstance(name, str):
        return ()
    name = name.strip()
    plain = name.casefold().removeprefix("the ")
    if plain in _NAMES:
        return _NAMES[plain]
    try:
        return (pycountry.countries.lookup(plain).alpha_3,)
    except LookupError:
        pass
    # England and Scotland are subdivisions; a region such as Tuscany stays unknown.
    for part in pycountry.subdivisions.get(country_code="GB"):
        # "Wales [Cymru GB-CYM]" has its name in another language behind it.
        own = part.name.casefold().partition(" [")[0]
        if part.type in ("Country", "Province") and own == plain:
            return ("GBR",)
    return ()


@cache
def nearest_name(name):
    """Return the country whose name is spelled most like `name`, or None.

    Examples
    --------
    >>> nearest_name("Signapore")
    'Singapore'
    """
    import pycountry

    known = [getattr(c, "common_name", c.name) for c in pycountry.countries]
    close = difflib.get_close_matches(name.strip(), known, n=1, cutoff=0.82)
    return close[0] if close else None


class Countries:
    """The countries of Natural Earth at 1:50 million, which ship with the project.

    Raises
    ------
    DataError
        If the file is missing.
    """

    def __init__(self):
        import shapely
        from cartopy.io import shapereader

        path = data_dir() / _FILE
        if not path.exists():
            raise DataError(f"{path} is missing. Restore it from the project.")
        records = list(shapereader.Reader(path).records())
        self.codes = np.array([r.attributes["ADM0_A3"] for r in records])
        # Greenland is entered as Denmark, Puerto Rico as USA: a territory passes for its state.
        self._states = np.array([r.attributes["SOVEREIGNT"] for r in records])
        self._heads = {
            r.attributes["SOVEREIGNT"]: r.attributes["ADM0_A3"] for r in records
            if r.attributes["SOVEREIGNT"] == r.attributes["ADMIN"]
        }
        self.names = {r.attributes["ADM0_A3"]: r.attributes["NAME_LONG"] for r in records}
        self.shapes = np.array([r.geometry for r in records])
        self._index = shapely.STRtree(self.shapes)
        self._outlines = {}

    def belonging(self, codes):
        """Add the codes of territories that belong to countries (tuple of str)."""
        states = {
            state for code, state in zip(self.codes, self._states)
            if code in codes and self._heads.get(state) == code
        }
        return tuple(sorted({*codes, *self.codes[np.isin(self._states, list(states))].tolist()}))

    def containing(self, lat, lon):
        """Return the code of the country around each point; empty over the sea."""
        import shapely

        out = np.full(len(lat), "", dtype="U3")
        point, shape = self._index.query(shapely.points(lon, lat), predicate="within")
        out[point] = self.codes[shape]
        return out

    def distance(self, lat, lon, codes=None):
        """Compute the distance of points from the outline of countries, km, inside or outside.

        Parameters
        ----------
        lat, lon : numpy.ndarray, shape (n,)
        codes : tuple of str, optional
            Default: all countries, that is the nearest shore or border.

        Returns
        -------
        distance : numpy.ndarray, shape (n,)
            NaN if none of `codes` has a polygon.
        nearest : numpy.ndarray, shape (n, 2)
            Latitude and longitude of the outline there.
        """
        tree, corners = self._outline(codes)
        if tree is None:
            return np.full(len(lat), np.nan), np.full((len(lat), 2), np.nan)
        chord, at = tree.query(unit_vectors(lat, lon))
        return kilometres(chord), corners[at, ::-1]

    def _outline(self, codes):
        import shapely

        if codes not in self._outlines:
            chosen = self.shapes if codes is None else self.shapes[np.isin(self.codes, codes)]
            # A straight border has few corners: add points at most 0.2 degrees apart.
            corners = shapely.get_coordinates(shapely.segmentize(chosen, 0.2))
            tree = cKDTree(unit_vectors(corners[:, 1], corners[:, 0])) if len(chosen) else None
            self._outlines[codes] = (tree, corners)
        return self._outlines[codes]


@cache
def all_countries():
    """Read the polygons, once (`Countries`)."""
    return Countries()
