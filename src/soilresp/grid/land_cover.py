"""Name and group the IGBP land-cover classes."""

__all__ = ["IGBP_NAMES", "VEGETATED_CLASSES"]

IGBP_NAMES = (
    "Water",
    "Evergreen needleleaf forest",
    "Evergreen broadleaf forest",
    "Deciduous needleleaf forest",
    "Deciduous broadleaf forest",
    "Mixed forest",
    "Closed shrubland",
    "Open shrubland",
    "Woody savanna",
    "Savanna",
    "Grassland",
    "Permanent wetland",
    "Cropland",
    "Urban",
    "Cropland/natural mosaic",
    "Snow and ice",
    "Barren",
)
"""Names of the IGBP classes 0 to 16, as MCD12C1 numbers them."""

VEGETATED_CLASSES = (*range(1, 13), 14)
"""IGBP classes that respire: all but water (0), urban (13), ice (15) and barren (16)."""
