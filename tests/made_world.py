"""A project of its own in a temporary folder, and commands that are run in it."""

import contextlib
import io
import warnings
from pathlib import Path

from soilresp import cli
from soilresp.covariates import recipes
from soilresp.models import declared

PROJECT = Path(__file__).parents[1]
OWN = ("registry.yaml", "recipes.yaml", "models.yaml")
"""Files of the project that a test may change; the others are links."""

_QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class World:
    """A project with a cache, a mirror and a folder to work in.

    Attributes
    ----------
    root, work, mirror : pathlib.Path
    """

    def __init__(self, folder):
        self.root = Path(folder)
        self.work, self.mirror = self.root / "work", self.root / "mirror"
        for made in ("data", "notebooks", "work", "mirror", "cache"):
            (self.root / made).mkdir(parents=True)
        for item in (PROJECT / "data").iterdir():
            place = self.root / "data" / item.name
            if item.name in OWN:
                place.write_bytes(item.read_bytes())
            else:
                place.symlink_to(item)
        for item in (PROJECT / "notebooks").glob("[0-9]*"):
            (self.root / "notebooks" / item.name).symlink_to(item)

    def edit(self, name, old, new):
        """Replace a piece of one of the project's own files, which must be there."""
        path = self.root / "data" / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def state(self):
        """Return every file with its size and time of change (dict)."""
        return {p: (p.lstat().st_size, p.lstat().st_mtime_ns)
                for p in self.root.rglob("*") if p.is_symlink() or p.is_file()}

    def run(self, monkeypatch, command):
        """Run a command in the working folder: exit code, output, errors and warnings."""
        for name, folder in (("HOME", self.root), ("CACHE", self.root / "cache"),
                             ("MIRROR", self.mirror)):
            monkeypatch.setenv(f"SOILRESP_{name}", str(folder))
        for name in ("SOILRESP_RUN", "SOILRESP_PROFILE", "SOILRESP_DEBUG"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(self.work)
        out, err = io.StringIO(), io.StringIO()
        forget()
        with (
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("default")
            try:
                cli.main(list(command))
                code = 0
            except SystemExit as leave:
                code = leave.code or 0
            finally:
                forget()
        lines = [str(w.message) for w in told if not issubclass(w.category, _QUIET)]
        return code, out.getvalue(), "\n".join([err.getvalue(), *lines]).strip()


def forget():
    """Drop what is remembered of files that a test may change."""
    for kept in (recipes._declared, declared.declared_models, declared.adapters):
        kept.cache_clear()
