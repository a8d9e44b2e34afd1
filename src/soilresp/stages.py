"""Stages of the study: each makes a few result files, once, from what it needs.

A stage's results stand in ``results/NAME/`` with a note of the settings they
were made with and of the results they were made from. They are used again
while both still hold, and made anew when one has changed.
"""

import hashlib
import inspect
import json
import time

from soilresp import __version__
from soilresp.errors import ParameterError
from soilresp.results import load, read_json, save, write_json

__all__ = ["Results", "Stage"]

_NOTE = "stage.json"


class Results:
    """Result files of a stage, read when asked for.

    ``results.totals`` and ``results["totals"]`` both read the file that the
    stage saved under ``totals``.
    """

    def __init__(self, folder, note):
        self._folder = folder
        self._note = note
        self._read = {}

    @property
    def key(self):
        """Fingerprint of the settings and inputs (str)."""
        return self._note["key"]

    @property
    def settings(self):
        """Settings that the results were made with (dict)."""
        return self._note["settings"]

    def __getitem__(self, name):
        if name not in self._read:
            self._read[name] = load(self._folder / self._note["files"][name])
        return self._read[name]

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._note["files"]:
            raise AttributeError(f"no result {name!r}; there are {', '.join(self._note['files'])}")
        return self[name]

    def __contains__(self, name):
        return name in self._note["files"]

    def __dir__(self):
        return [*super().__dir__(), *self._note["files"]]


class Stage:
    """A function from a study to named results, with memory.

    Parameters
    ----------
    name : str
        Also the name of its notebook and of its result folder.
    compute : callable
        ``compute(study, needs, **settings)`` returns a dictionary of tables,
        datasets and dictionaries. Its keyword-only arguments are the stage's
        settings; ``None`` there stands for the profile's value.
    needs : sequence of Stage
        Stages whose results it takes, handed over as a dictionary by name.
    """

    def __init__(self, name, compute, needs=()):
        self.name = name
        self.compute = compute
        self.needs = tuple(needs)
        self.__doc__ = compute.__doc__
        self.settings = {
            p.name: p.default
            for p in inspect.signature(compute).parameters.values()
            if p.kind is p.KEYWORD_ONLY
        }

    def __call__(self, study, **settings):
        """Results of the stage with these settings: those at hand if they hold, else new ones.

        Raises
        ------
        ParameterError
            If a setting is not one of the stage's.
        """
        unknown = sorted(set(settings) - set(self.settings))
        if unknown:
            raise ParameterError(
                f"{self.name} has no setting {unknown[0]!r}; it has {', '.join(self.settings)}."
            )
        return self._obtain(study, self._resolve(study, settings), told=False)

    def stored(self, study):
        """Results at hand, whatever their settings, or None.

        Results of another seed, recipe or kind of observations, or made from
        results that have changed since, are not at hand.
        """
        note = self._note(study)
        needs = {stage.name: stage.stored(study) for stage in self.needs}
        if note is None or None in needs.values():
            return None
        holds = note["key"] == self._fingerprint(study, note["settings"], needs)
        return Results(self._folder(study), note) if holds else None

    def _resolve(self, study, settings):
        resolved = {**self.settings, **{k: v for k, v in settings.items() if v is not None}}
        for name, value in resolved.items():
            if value is None:
                resolved[name] = getattr(study.profile, name, None)
        return json.loads(json.dumps(resolved))

    def _obtain(self, study, settings, told):
        needs = {stage.name: stage._for_others(study) for stage in self.needs}
        key = self._fingerprint(study, settings, needs)
        note = self._note(study)
        if note and note["key"] == key:
            return Results(self._folder(study), note)
        if told:
            how = "the settings they had" if note else f"profile '{study.profile.name}'"
            print(f"Results of {self.name} are missing or out of date: made now with {how}.")
        start = time.perf_counter()
        made = self.compute(study, needs, **settings)
        folder = self._folder(study)
        # The note goes first and comes back last: files without it count for nothing.
        (folder / _NOTE).unlink(missing_ok=True)
        files = {name: save(folder, name, content).name for name, content in made.items()}
        note = {
            "stage": self.name,
            "key": key,
            "settings": settings,
            "needs": {name: results.key for name, results in needs.items()},
            "files": files,
            "seconds": round(time.perf_counter() - start, 1),
            "version": __version__,
        }
        write_json(folder / _NOTE, note)
        return Results(folder, note)

    def _for_others(self, study):
        """Results for a later stage: with the settings they have, remade if inputs changed."""
        note = self._note(study)
        # A note of an earlier version may hold settings that are no more.
        had = {k: v for k, v in note["settings"].items() if k in self.settings} if note else {}
        return self._obtain(study, self._resolve(study, had), told=True)

    def _fingerprint(self, study, settings, needs):
        content = {
            "stage": self.name,
            "settings": settings,
            "recipe": study.recipe,
            "observations": study.observations,
            "seed": study.seed,
            "version": __version__,
            "needs": {name: results.key for name, results in needs.items()},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def _folder(self, study):
        return study.results / self.name

    def _note(self, study):
        path = self._folder(study) / _NOTE
        if not path.exists():
            return None
        note = read_json(path)
        whole = all((path.parent / name).exists() for name in note["files"].values())
        return note if whole else None
