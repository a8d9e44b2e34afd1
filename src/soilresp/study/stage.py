"""Stages of the study: each makes a few result files, once, from what it needs.

A stage's results stand in ``results/NAME/`` with a note of all that they were made from: the
settings, the code that the stage reaches, the committed data and the inputs that it reads, and
the results of earlier stages, by their content. They are used again while all of that holds,
and made anew when some of it has changed. A stage whose new results are the old ones to the
byte leaves later stages as they are.
"""

import functools
import hashlib
import inspect
import json
import time

from soilresp import __version__
from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.io.files import load, read_json, save, sha256, write_json
from soilresp.study import provenance
from soilresp.study.code import own_code

__all__ = ["Results", "Stage"]

_NOTE = "stage.json"

_COMPARED = ("version", "recipe", "observations", "seed", "settings", "paths", "data", "code",
             "needs")
"""Parts of a note that hold what results were made from; inputs are compared apart."""


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
    def digest(self):
        """Hash of the content of all result files (str)."""
        return self._note["digest"]

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
        Also the name of its result folder.
    compute : callable
        ``compute(study, needs, **settings)`` returns a dictionary of tables,
        datasets and dictionaries. Its keyword-only arguments are the stage's
        settings; ``None`` there stands for the profile's value.
    needs : sequence of Stage
        Stages whose results it takes, handed over as a dictionary by name.
    notebook : str, optional
        Name of the notebook that makes it; by default that of the stage.
    """

    def __init__(self, name, compute, needs=(), notebook=None):
        self.name = name
        self.notebook = notebook or name
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

        Results of another seed, recipe or kind of observations, of other code or inputs, or
        made from results that have changed since, are not at hand.
        """
        results = self._stored(study)
        if results is not None:
            self._tell_use(results)
        return results

    def changes(self, study, settings=None):
        """Why results with these settings would have to be made anew.

        Parameters
        ----------
        study : soilresp.study.settings.Study
        settings : dict, optional
            All settings of the stage; default those of the results at hand.

        Returns
        -------
        list of str
            Each reason in a few words; empty if the results at hand hold.
        """
        note, damage = self._look(study)
        if note is None:
            return [damage]
        said = []
        for stage in self.needs:
            reasons = stage.changes(study)
            if reasons:
                said.append(f"results of {stage.name}: {reasons[0]}")
        needs = {stage.name: stage.stored_digest(study) for stage in self.needs}
        return self._reasons(study, note, note["settings"] if settings is None else settings,
                             needs) + said

    def stored_digest(self, study):
        """Hash of the content of the results at hand, whether or not they hold; else None."""
        note, _ = self._look(study)
        return note["digest"] if note else None

    def inputs(self, study):
        """Inputs that the results at hand and those before them were made from.

        Parameters
        ----------
        study : soilresp.study.settings.Study

        Returns
        -------
        dict of str to str
            SHA-256 by name in the registry.
        """
        found = {}
        for stage in self.needs:
            found |= stage.inputs(study)
        note, _ = self._look(study)
        had = note["inputs"] if note else {}
        return found | {name: facts["sha256"] for name, facts in had.items() if facts}

    def _stored(self, study):
        note, _ = self._look(study)
        if note is None or self.changes(study):
            return None
        return Results(self._folder(study), note)

    def _resolve(self, study, settings):
        resolved = {**self.settings, **{k: v for k, v in settings.items() if v is not None}}
        for name, value in resolved.items():
            if value is None:
                resolved[name] = getattr(study.profile, name, None)
        return json.loads(json.dumps(resolved))

    def _obtain(self, study, settings, told):
        needs = {stage.name: stage._for_others(study) for stage in self.needs}
        digests = {name: results.digest for name, results in needs.items()}
        note, damage = self._look(study)
        reasons = self._reasons(study, note, settings, digests) if note else [damage]
        if not reasons:
            results = Results(self._folder(study), note)
            if not told:
                self._tell_use(results)
            return results
        why = "; ".join(reasons)
        if told:
            how = "the settings they had" if note else f"profile '{study.profile.name}'"
            print(f"Results of {self.name} are made now with {how}: {why}.")
        start, began = time.perf_counter(), provenance.now()
        with access.note_inputs() as inputs:
            made = self.compute(study, needs, **settings)
        note = self._write(study, made, self._facts(study, settings, digests), inputs)
        took = round(time.perf_counter() - start, 1)
        provenance.note(study.run, "stages", self.name, {
            "why": why, "started": began, "seconds": took, **provenance.surroundings(),
        })
        results = Results(self._folder(study), note)
        has_runner = self._tell_use(results, why=why, seconds=took, use=not told)
        # A first result is expected; that an old one goes is not.
        if not (told or has_runner) and reasons != [_NEVER]:
            print(f"{self.name} is made now: {why}.")
        return results

    def _write(self, study, made, facts, inputs):
        """Save results, and the note that makes them count."""
        folder = self._folder(study)
        # The note goes first and comes back last: files without it count for nothing.
        (folder / _NOTE).unlink(missing_ok=True)
        files = {name: save(folder, name, content).name for name, content in made.items()}
        checksums = {file: sha256(folder / file) for file in files.values()}
        note = {
            "stage": self.name,
            "key": _hash(facts),
            **facts,
            "inputs": inputs,
            "files": files,
            "sha256": checksums,
            "digest": _hash(checksums),
        }
        write_json(folder / _NOTE, note)
        return read_json(folder / _NOTE)

    def _for_others(self, study):
        """Results for a later stage: with the settings they have, remade if inputs changed."""
        note, _ = self._look(study)
        # A note of an earlier version may hold settings that are no more.
        had = {k: v for k, v in note["settings"].items() if k in self.settings} if note else {}
        return self._obtain(study, self._resolve(study, had), told=True)

    def _facts(self, study, settings, needs):
        """All that results stand on, but for the inputs that are found on the way."""
        closure = self._closure()
        return {
            "settings": settings,
            "recipe": study.recipe,
            "observations": study.observations,
            "seed": study.seed,
            "version": __version__,
            "code": closure.modules,
            "data": provenance.committed_data(closure),
            "paths": provenance.files_in(settings),
            "needs": needs,
            **provenance.release(study),
        }

    def _closure(self):
        return _closure_of(self.compute.__module__, self.compute.__qualname__)

    def _reasons(self, study, note, settings, needs):
        """What has changed since a note was made."""
        facts = self._facts(study, settings, needs)
        if note["key"] == _hash(facts):
            return provenance.changed_inputs(note["inputs"])
        had = {part: note[part] for part in (*_COMPARED, "release") if part in note}
        said = provenance.differences(had, facts)
        return said + provenance.changed_inputs(note["inputs"]) or ["its note does not fit"]

    def _folder(self, study):
        return study.results / self.name


    def _look(self, study):
        """The note of whole results; or None, and what is wrong."""
        folder = self._folder(study)
        if not (folder / _NOTE).exists():
            return None, _NEVER
        try:
            note = read_json(folder / _NOTE)
        except DataError:
            return None, f"{self.name}/{_NOTE} is damaged"
        if not isinstance(note, dict) or not {*_COMPARED, "sha256", "digest"} <= set(note):
            return None, "the results at hand are of an earlier version"
        for file, digest in note["sha256"].items():
            if not (folder / file).exists():
                return None, f"{self.name}/{file} is missing"
            if provenance.checksum(folder / file) != digest:
                return None, f"{self.name}/{file} is damaged"
        return note, ""

    def _tell_use(self, results, why=None, seconds=None, use=True):
        return provenance.note_use(
            stage=self.name, settings=results.settings, digest=results.digest, why=why,
            seconds=seconds, use=use,
        )


_NEVER = "never made"


@functools.cache
def _closure_of(module, name):
    return own_code().of_function(module, name)


def _hash(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
