"""Stages of the study: functions whose results are stored, with all that they were made from."""

import hashlib
import inspect
import json
import os
import shutil
import time
import weakref

from soilresp import __version__
from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.io.files import load, read_json, save, sha256, write_json
from soilresp.study import provenance
from soilresp.study.parameters import check_values

__all__ = ["Results", "Stage"]

_NOTE = "stage.json"
_PREVIOUS = "previous"
_NO_RESULT = "no stored result"
_PARTS = {"settings", "inputs", "files", "sha256", "digest"}

KEPT = 2
"""Superseded results of a stage that stay in its folder for other processes that read them."""


_in_use = weakref.WeakSet()
"""Results of this process, whose files stay as long as they may be read."""


class Results:
    """Result files of a stage, read when asked for.

    ``results.totals`` and ``results["totals"]`` both read the file that the
    stage saved under ``totals``. Results with other settings that are made later do not
    change what is read.
    """

    def __init__(self, folder, note):
        self._folder = folder
        self._note = note
        self._read = {}
        _in_use.add(self)

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
            self._read[name] = load(self._place() / self._note["files"][name])
        return self._read[name]

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._note["files"]:
            raise AttributeError(f"no result {name!r}; there are {', '.join(self._note['files'])}")
        return self[name]

    def __contains__(self, name):
        return name in self._note["files"]

    def __dir__(self):
        return [*super().__dir__(), *self._note["files"]]

    def _place(self):
        """Return the folder that holds these results: that of the stage, or one below it."""
        note = self._folder / _NOTE
        if note.exists() and read_json(note)["digest"] == self.digest:
            return self._folder
        previous = self._folder / _PREVIOUS / self.digest
        if not previous.exists():
            raise DataError(
                f"{self._folder} no longer holds the results with settings {self.settings}: the "
                f"{KEPT} results superseded last are kept. Compute them again."
            )
        return previous


class Stage:
    """A function from a study to named results, which are stored.

    A result is used again while its settings, the code of its module and of all modules of
    this package that it imports, its data files, its inputs and the results that it needs are
    the same, and is computed again otherwise. New results that equal the old ones to the byte
    leave later stages as they are. The files lie in ``results/NAME``; those of superseded
    results move to ``results/NAME/previous``, where the last two stay, and those that this
    process still refers to.

    Parameters
    ----------
    name : str
        Also the name of its result folder.
    compute : callable
        ``compute(study, needs, **settings)`` returns a dictionary of tables,
        datasets and dictionaries. Its keyword-only arguments are the stage's
        settings; ``None`` there stands for the profile's value.
    needs : sequence of Stage
        Stages whose results it takes, passed as a dictionary by name.
    notebook : str, optional
        Name of the notebook that makes it; by default that of the stage.
    data : sequence of str
        Files or folders below ``data/`` that it reads.
    """

    known = {}
    """All stages, by name."""

    def __init__(self, name, compute, needs=(), notebook=None, data=()):
        self.name = name
        self.notebook = notebook or name
        self.compute = compute
        self.needs = tuple(needs)
        self.data = tuple(data)
        self.__doc__ = compute.__doc__
        self.settings = {
            p.name: p.default
            for p in inspect.signature(compute).parameters.values()
            if p.kind is p.KEYWORD_ONLY
        }
        Stage.known[name] = self

    def __call__(self, study, **settings):
        """Return the results with these settings, stored or newly computed.

        Raises
        ------
        ParameterError
            If a setting is not one of the stage's, or has a wrong value.
        """
        unknown = sorted(set(settings) - set(self.settings))
        if unknown:
            raise ParameterError(
                f"{self.name} has no setting {unknown[0]!r}; it has {', '.join(self.settings)}."
            )
        check_values(settings)
        return self._obtain(study, self._resolve(study, settings))

    def stored(self, study):
        """Return the stored results whatever their settings, or None if they no longer hold.

        They do not hold for another seed, recipe or kind of observations, nor when code, inputs
        or the results that they need have changed since.
        """
        note, _ = self._look(study)
        if note is None or self.changes(study):
            return None
        results = Results(self._folder(study), note)
        self._note_use(results)
        return results

    def changes(self, study, settings=None):
        """List why results with these settings would have to be computed.

        Parameters
        ----------
        study : soilresp.study.settings.Study
        settings : dict, optional
            All settings of the stage; default those of the stored results.

        Returns
        -------
        list of str
            Each reason in a few words; empty if the stored results hold.
        """
        note, damage = self._look(study)
        if note is None:
            return [damage]
        settings = note["settings"] if settings is None else settings
        digests = {stage.name: stage.stored_digest(study) for stage in self.needs}
        said = self._reasons(note, self._facts(study, settings, digests))
        for stage in self.needs:
            if reasons := stage.changes(study):
                said.append(f"results of {stage.name}: {reasons[0]}")
        return said

    def stored_digest(self, study):
        """Return the hash of the stored results, whether or not they hold; None without any."""
        note, _ = self._look(study)
        return note["digest"] if note else None

    def inputs(self, study):
        """Return the inputs that the stored results and those they need were made from.

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

    def _resolve(self, study, settings):
        resolved = {**self.settings, **{k: v for k, v in settings.items() if v is not None}}
        for name, value in resolved.items():
            if value is None:
                resolved[name] = getattr(study.profile, name, None)
        return json.loads(json.dumps(resolved))

    def _obtain(self, study, settings, asked=True):
        needs = {stage.name: stage._for_others(study) for stage in self.needs}
        facts = self._facts(study, settings, {name: r.digest for name, r in needs.items()})
        note, damage = self._look(study)
        reasons = self._reasons(note, facts) if note else [damage]
        why, seconds = "; ".join(reasons), None
        if reasons:
            # That a first result is computed is expected, and a batch run prints the reason.
            if not asked or (reasons != [_NO_RESULT] and not provenance.in_batch()):
                print(f"Computing {self.name}: {why}.")
            start, began = time.perf_counter(), provenance.now()
            with access.note_inputs() as inputs:
                made = self.compute(study, needs, **settings)
            note = self._write(study, made, facts, inputs)
            seconds = round(time.perf_counter() - start, 1)
            provenance.note(study.run, "stages", self.name, {
                "why": why, "started": began, "seconds": seconds, **provenance.surroundings(),
            })
        results = Results(self._folder(study), note)
        if asked or reasons:
            self._note_use(results, why=why or None, seconds=seconds, use=asked)
        return results

    def _for_others(self, study):
        """Return results for a later stage: with the settings they have, computed if outdated."""
        note, _ = self._look(study)
        # A note of an earlier version may hold settings that are no more.
        had = {k: v for k, v in note["settings"].items() if k in self.settings} if note else {}
        return self._obtain(study, self._resolve(study, had), asked=False)

    def _write(self, study, made, facts, inputs):
        """Save results, and last the note that makes them count; return the note."""
        folder = self._folder(study)
        previous = self._put_aside(study)
        (folder / _NOTE).unlink(missing_ok=True)
        files = {name: save(folder, name, content).name for name, content in made.items()}
        checksums = {file: sha256(folder / file) for file in files.values()}
        digest = _hash(checksums)
        write_json(folder / _NOTE, {
            "stage": self.name, "key": _hash(facts), **facts, "inputs": inputs, "files": files,
            "sha256": checksums, "digest": digest,
        })
        if previous and previous.name == digest:
            shutil.rmtree(previous)
        return read_json(folder / _NOTE)

    def _put_aside(self, study):
        """Move whole results below ``previous``, and remove all but the last of those there."""
        note, _ = self._look(study)
        if note is None:
            return None
        folder = self._folder(study)
        aside = folder / _PREVIOUS / note["digest"]
        aside.mkdir(parents=True, exist_ok=True)
        (folder / _NOTE).unlink()
        for file in note["sha256"]:
            os.replace(folder / file, aside / file)
        others = sorted(aside.parent.iterdir(), key=lambda f: (f == aside, f.stat().st_mtime_ns))
        read = {results.digest for results in _in_use}
        for old in others[:-KEPT]:
            if old.name not in read:
                shutil.rmtree(old)
        return aside

    def _facts(self, study, settings, digests):
        """Return all that results depend on, but for inputs that are found while computing."""
        return {
            "settings": settings,
            "recipe": study.recipe,
            "observations": study.observations,
            "release": study.release,
            "seed": study.seed,
            "corrections": study.corrections,
            "version": __version__,
            "code": provenance.code_of_module(self.compute.__module__),
            "data": provenance.data_files(self.data),
            "paths": provenance.files_in({**settings, "corrections": study.corrections}),
            "needs": digests,
        }

    def _reasons(self, note, facts):
        had = {part: note.get(part) for part in facts}
        return provenance.differences(had, facts) + provenance.changed_inputs(note["inputs"])

    def _folder(self, study):
        return study.results / self.name

    def _look(self, study):
        """Return the note of whole results; or None, and what is wrong."""
        folder = self._folder(study)
        if not (folder / _NOTE).exists():
            return None, _NO_RESULT
        try:
            note = read_json(folder / _NOTE)
        except DataError:
            return None, f"{self.name}/{_NOTE} is damaged"
        if not isinstance(note, dict) or not set(note) >= _PARTS:
            return None, "the stored results are of an earlier version"
        for file, digest in note["sha256"].items():
            if not (folder / file).exists():
                return None, f"{self.name}/{file} is missing"
            if provenance.checksum(folder / file) != digest:
                return None, f"{self.name}/{file} is damaged"
        return note, ""

    def _note_use(self, results, why=None, seconds=None, use=True):
        provenance.note_use(
            stage=self.name, settings=results.settings, digest=results.digest, why=why,
            seconds=seconds, use=use,
        )


def _hash(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
