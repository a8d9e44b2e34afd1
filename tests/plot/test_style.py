"""The look of figures: notebook pictures, units, and colours as colour-blind readers see them."""

import ast
import io
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from made_figures import FIGURES
from matplotlib.colors import to_rgb
from PIL import Image

from soilresp.io import paths
from soilresp.plot import style

# Machado, Oliveira and Fernandes (2009, doi:10.1109/TVCG.2009.113), severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
}
TO_XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
])
DIVERGING = {"RdBu_r", "RdYlBu_r", "PuOr", "PuOr_r", "BrBG", "BrBG_r"}


def lab(rgb, sight="normal"):
    """CIELAB (D65) of sRGB colours between 0 and 1, the last axis, as an eye sees them."""
    rgb = np.asarray(rgb, float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ SIGHT[sight].T, 0, 1) @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def difference(one, other, sight):
    """Distance of two colours in CIELAB; 2 is just noticeable, 10 plain at a glance."""
    return np.linalg.norm(lab(to_rgb(one), sight) - lab(to_rgb(other), sight))


def maps_in_use():
    """Names of the colour maps that the figures name in their source."""
    texts = {
        node.value
        for file in (paths.root() / "src" / "soilresp" / "plot").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(texts & set(matplotlib.colormaps))


def lightness(name, sight):
    """CIELAB lightness along a colour map, at 64 steps."""
    return lab(matplotlib.colormaps[name](np.linspace(0, 1, 64))[:, :3], sight)[:, 0]


def test_lab_of_known_colours():
    """White is (100, 0, 0), black (0, 0, 0), and pure sRGB red (53.24, 80.09, 67.20)."""
    np.testing.assert_allclose(lab([1, 1, 1]), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab([0, 0, 0]), [0, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab([1, 0, 0]), [53.24, 80.09, 67.20], atol=0.02)


def test_simulated_eyes_confuse_red_and_green():
    """A red and a green that are far apart come near to each other; greys are kept."""
    red, green = "#C04000", "#608000"
    for sight in ("protanopia", "deuteranopia"):
        assert difference(red, green, sight) < difference(red, green, "normal") / 2
        np.testing.assert_allclose(lab([0.5] * 3, sight), lab([0.5] * 3), atol=0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", maps_in_use())
def test_a_colour_map_orders_values_by_lightness(name, sight):
    """Sequential maps get lighter or darker throughout, diverging ones from the middle outwards."""
    light = lightness(name, sight)
    halves = [light[:32][::-1], light[32:]] if name in DIVERGING else [light]
    for half in halves:
        steps = np.diff(half)
        assert (steps < 0.3).all() if half[-1] < half[0] else (steps > -0.3).all()
        assert abs(half[-1] - half[0]) > 30


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", sorted(DIVERGING & set(maps_in_use())))
def test_the_ends_of_a_diverging_map_differ_in_hue(name, sight):
    """What is far above and far below is told apart."""
    colours = matplotlib.colormaps[name]
    for share in (0.0, 0.1, 0.2, 0.3):
        assert difference(colours(share), colours(1.0 - share), sight) > 15


LINES = [style.COLOURS[name] for name in ("SR", "HR", "AR", "AR_SR", "paper")]
CLASSES = [colour for _, colour in style.VEGETATION_GROUPS.values()]


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("colours", "least"), [(LINES, 10), (CLASSES, 5)])
def test_colours_are_told_apart(sight, colours, least):
    """Lines of SR, HR, AR, AR/SR and the paper, and the classes of vegetation."""
    for one, other in combinations(colours, 2):
        assert difference(one, other, sight) > least, (one, other)


def test_groups_hold_each_class_once():
    """Every IGBP class on land is in exactly one group."""
    classes = sorted(c for group, _ in style.VEGETATION_GROUPS.values() for c in group)
    assert classes == list(range(1, 17))


def test_notebook_picture():
    """A palette PNG at the figure's own size, hardly changed, with the label in its metadata."""
    style.use_style("Trial run")
    fig = FIGURES["strata_shares"][0]()
    style.use_style()
    with Image.open(io.BytesIO(fig._repr_png_())) as picture:
        assert picture.size == tuple(round(inches * 120) for inches in fig.get_size_inches())
        assert picture.mode == "P"
        assert picture.info["Description"] == "Figure of 1 panel. Trial run"
        small = np.asarray(picture.convert("RGB")).astype(int)
    full = io.BytesIO()
    fig.savefig(full, format="png", dpi=fig.dpi)
    with Image.open(full) as picture:
        assert picture.info["Description"] == "Figure of 1 panel. Trial run"
        difference = np.abs(np.asarray(picture.convert("RGB")) - small)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) < 10


def test_session_settings_are_left_alone():
    """A figure has the study's look without changing that of the session."""
    with matplotlib.rc_context({"font.size": 23}):
        fig = FIGURES["strata_shares"][0]()
        assert matplotlib.rcParams["font.size"] == 23
    assert fig.axes[0].xaxis.label.get_size() == 9


@pytest.mark.parametrize(
    ("units", "pretty"),
    [("g C m-2 yr-1", "g C m⁻² yr⁻¹"), ("m2 m-2", "m² m⁻²"), ("degC", "°C"), ("%", "%"),
     ("1", "–"), ("MJ m-2", "MJ m⁻²")],
)
def test_pretty_units(units, pretty):
    """CF units are written with superscripts."""
    assert style.pretty_units(units) == pretty
