"""A simple climate on any grid, for files made in the layout of a publisher.

Land is that of the committed covariates; North Africa is a desert; the seasons follow
the sun. The numbers are nobody's data.
"""

import numpy as np

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.radiation import extraterrestrial_radiation

SUMMER = -np.cos(2 * np.pi * (np.arange(12) + 0.5) / 12)[:, None, None]
"""Nearly 1 in July, nearly -1 in January."""


def land(lat, lon):
    """Where there is land, shape (lat, lon), without Antarctica."""
    share = load_embedded()["land_fraction"].sel(lat=lat, lon=lon, method="nearest").values
    return (share > 0.5) & (lat[:, None] > -60)


def climate(lat, lon):
    """Monthly fields, shape (12, lat, lon): tas degC, pr mm month-1, vap hPa, rsds W m-2, cld %."""
    on_land = land(lat, lon)
    y, x = lat[:, None], lon[None, :]
    desert = on_land & (y > 10) & (y < 33) & (x > -15) & (x < 40)
    tas = 27 - 0.006 * y**2 + 20 * np.sin(np.deg2rad(y)) * np.where(on_land, 1, 0.3) * SUMMER
    monsoon = 0.6 * np.sign(y) * (np.abs(y) < 30) * SUMMER
    cld = np.broadcast_to(np.where(desert, 20.0, 60.0), tas.shape)
    return {
        "tas": tas,
        "pr": np.where(desert, 5, 90) * (1 + monsoon),
        "vap": 4 * np.exp(0.06 * tas) * np.where(desert, 0.4, 1),
        "cld": cld,
        "rsds": (0.75 - cld / 200) * extraterrestrial_radiation(lat)[:, :, None],
    }
