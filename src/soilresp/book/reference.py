"""Reference pages of the book: modules from their docstrings, commands from their help."""

import ast
import importlib
import inspect
import pkgutil
import re
from functools import cached_property
from itertools import cycle

import click
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from soilresp.study.stage import Stage

__all__ = ["modules", "own_names", "setup"]

_LONG = 72
_RULES = "=-~"


def modules(name):
    """List a module, or a package with all public modules in it.

    Parameters
    ----------
    name : str
        Such as ``soilresp.fit``.

    Returns
    -------
    list of str
        Full names in alphabetical order, the package first. Modules and packages whose name begins
        with an underscore are left out, as are packages without a public name of their own.
    """
    package = importlib.import_module(name)
    found = [name]
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
        found.append(module.name)
    return sorted(
        module
        for module in found
        if not any(part.startswith("_") for part in module.split("."))
        and getattr(importlib.import_module(module), "__all__", None)
    )


def own_names(module):
    """List the public names that a module defines itself, in the order of its ``__all__``.

    Parameters
    ----------
    module : str
        Full name of the module.

    Returns
    -------
    list of str
        What it takes from other modules of the package is left out: it is told of there.
    """
    loaded = importlib.import_module(module)
    tree = ast.parse(inspect.getsource(loaded))
    imported = {
        alias.asname or alias.name
        for statement in tree.body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for alias in statement.names
    }
    return [name for name in loaded.__all__ if name not in imported]


def _title(words, level):
    return [words, _RULES[level] * len(words), ""]


def _module_lines(module):
    """What autodoc is asked to tell of a module, as lines of reStructuredText."""
    loaded = importlib.import_module(module)
    names = own_names(module)
    lines = [
        *_title(module.removeprefix("soilresp."), 1),
        f".. automodule:: {module}", "   :no-members:", "",
    ]
    described = [n for n in names if inspect.isclass(v := getattr(loaded, n)) or _is_function(v)]
    if len(described) > 1:
        lines += [".. autosummary::", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in described] + [""]
    for name in names:
        value = getattr(loaded, name)
        if inspect.isclass(value):
            members = ", ".join(_members(value))
            lines += [f".. autoclass:: {module}.{name}"]
            lines += [f"   :members: {members}", ""] if members else [""]
        elif _is_function(value):
            lines += [f".. autofunction:: {module}.{name}", ""]
        else:
            lines += [f".. autodata:: {module}.{name}"]
            lines += ["   :no-value:"] if len(repr(value)) > _LONG else []
            lines += [""]
    return lines


def _is_function(value):
    """Whether a thing is called and says itself what it does, as a stage or a compiled function."""
    return callable(value) and value.__doc__ != type(value).__doc__


def _members(cls):
    """Public methods and properties that a class defines itself and says something of."""
    return [
        name
        for name, member in vars(cls).items()
        if not name.startswith("_")
        and (inspect.isroutine(member) or isinstance(member, (property, cached_property)))
        and getattr(member, "__module__", cls.__module__) in (cls.__module__, None)
        and inspect.getdoc(member)
    ]


class Modules(SphinxDirective):
    """``.. soilresp-modules:: NAME ...``: a section for each module of the packages named."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Hand the lines to the parser, which meets autodoc's directives in them."""
        listed = [module for name in self.arguments[0].split() for module in modules(name)]
        # Each goes in before what was put in last.
        for module in reversed(listed):
            self.env.note_dependency(importlib.import_module(module).__file__)
            self.state_machine.insert_input(_module_lines(module), f"<{module}>")
        return []


class Commands(SphinxDirective):
    """``.. soilresp-commands::``: every command with its arguments and options."""

    def run(self):
        """Make a section for each command out of what ``--help`` says."""
        import typer

        from soilresp import cli

        self.env.note_dependency(cli.__file__)
        root = typer.main.get_command(cli.app)
        context = click.Context(root, info_name="soilresp", **root.context_settings)
        return [node for command in _leaves(root, context) for node in _command(*command)]


def _leaves(command, context):
    """Walk the commands that do something, depth first, with their contexts."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _leaves(inner, click.Context(inner, info_name=name, parent=context))
    else:
        yield command, context


def _command(command, context):
    """Section of a command: usage, what it does, table of arguments and options."""
    path = context.command_path
    section = nodes.section(ids=[nodes.make_id(path)], names=[nodes.fully_normalize_name(path)])
    section += nodes.title("", path)
    section += _paragraph(command.help)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    section += nodes.literal_block(usage, usage, language="text")
    records = [p.get_help_record(context) for p in command.get_params(context)]
    items = [
        nodes.definition_list_item(
            "",
            nodes.term("", "", nodes.literal("", option)),
            nodes.definition("", _paragraph(words)),
        )
        for option, words in filter(None, records)
    ]
    section += nodes.definition_list("", *items)
    return [section]


def _own_words(app, what, name, value, options, lines):
    """Leave a constant without words of its own without those of its type."""
    if what == "data" and "\n".join(lines).strip() == (inspect.getdoc(type(value)) or "").strip():
        lines.clear()


def _settings(app, what, name, value, options, signature, returned):
    """Show the settings of a stage in its signature."""
    if not isinstance(value, Stage):
        return None
    settings = "".join(f", {setting}={default!r}" for setting, default in value.settings.items())
    return f"(study{', *' if settings else ''}{settings})", returned


def _paragraph(words):
    """A paragraph in which what stands in backticks is code."""
    parts = re.split(r"`([^`]+)`", words or "")
    kinds = cycle((nodes.Text, lambda part: nodes.literal("", part)))
    return nodes.paragraph("", "", *(kind(part) for kind, part in zip(kinds, parts) if part))


def setup(app):
    """Offer the directives to the book; named in ``_config.yml``."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _own_words)
    app.connect("autodoc-process-signature", _settings)
    app.add_directive("soilresp-modules", Modules)
    app.add_directive("soilresp-commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
