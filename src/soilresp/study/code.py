"""Which code a result stands on: the definitions that it reaches, and a hash of each module's.

From a function the names that it uses are followed, through imports and re-exports, to the
functions, classes and constants of this package that they stand for, and on from there. The
hash is one of syntax trees without docstrings, so that neither a comment nor a definition that
is not reached changes it. Nothing is imported to find out.
"""

import ast
import functools
import hashlib
from pathlib import Path

__all__ = ["Code", "Closure", "own_code"]

PACKAGE = "soilresp"

UNSEEN = ("soilresp.io.progress",)
"""Modules that show what is going on and cannot change a result."""


class Closure:
    """Definitions that were reached.

    Attributes
    ----------
    modules : dict of str to str
        Hash of the definitions reached in each module, by file below ``src/soilresp``.
    strings : frozenset of str
        String constants in them, to tell which data files they name.
    stages : frozenset of str
        Names of the stages at which the search was stopped.
    """

    def __init__(self, modules, strings, stages):
        self.modules, self.strings, self.stages = modules, strings, stages


class Code:
    """The source of a package, read as far as it is asked for.

    Parameters
    ----------
    folder : path-like
        Folder of the package.
    package : str
        Its name.
    """

    def __init__(self, folder, package=PACKAGE):
        self.folder, self.package = Path(folder), package
        self._modules, self._hashes, self._to, self._said = {}, {}, {}, {}

    def of_function(self, module, name):
        """What a function of the package reaches; nothing if it is not of the package.

        Parameters
        ----------
        module, name : str
            Such as ``function.__module__`` and ``function.__qualname__``.

        Returns
        -------
        Closure
        """
        return self._close([(module, name.partition(".")[0])], leaves=False)

    def of_source(self, source, whole=True):
        """What a script reaches, such as the cells of a notebook.

        Parameters
        ----------
        source : str
        whole : bool
            Whether to go on through the stages that it calls. If not they are only named:
            their results have a record of their own.

        Returns
        -------
        Closure
        """
        script = _Module(ast.parse(source), self, "")
        starts = [t for node in script.tree.body for t in self._find_targets(script, node)]
        return self._close(starts, leaves=not whole)

    def _close(self, starts, leaves):
        reached, stages, waiting = {}, set(), list(starts)
        while waiting:
            module_name, name = waiting.pop()
            module = self._module(module_name)
            if module is None or module_name in UNSEEN or name in reached.get(module_name, ()):
                continue
            if name in module.imports and name not in module.definitions:
                waiting += self._resolve(module.imports[name], [])
                continue
            if name not in module.definitions:
                continue
            if leaves and (stage := self._stage_name(module, name)):
                stages.add(stage)
                continue
            reached.setdefault(module_name, set()).add(name)
            for node in (*module.definitions[name], *module.effects):
                waiting += self._targets(module, node)
        modules, strings = {}, set()
        for module_name in sorted(reached):
            module = self._module(module_name)
            nodes = [n for name in sorted(reached[module_name]) for n in module.definitions[name]]
            whole = "\n".join(self._hash(node) for node in (*nodes, *module.effects))
            modules[module.file] = hashlib.sha256(whole.encode()).hexdigest()[:12]
            strings.update(*map(self._strings, nodes))
        return Closure(modules, frozenset(strings), frozenset(stages))

    def _hash(self, node):
        if node not in self._hashes:
            self._hashes[node] = hashlib.sha256(_dump(node).encode()).hexdigest()
        return self._hashes[node]

    def _strings(self, node):
        if node not in self._said:
            self._said[node] = _strings(node)
        return self._said[node]

    def _targets(self, module, node):
        if node not in self._to:
            self._to[node] = self._find_targets(module, node)
        return self._to[node]

    def _find_targets(self, module, node):
        """Definitions of the package that a piece of code refers to."""
        found = []
        for chain, local in module.references(node):
            head, *rest = chain
            if head in local:
                found += self._resolve(local[head], rest)
                continue
            # A script may give a name that it imports to something else later on.
            if head in module.definitions:
                found.append((module.name, head))
            if head in module.imports:
                found += self._resolve(module.imports[head], rest)
        return list(dict.fromkeys(found))

    def _resolve(self, target, rest):
        """Definitions that an imported name with attributes stands for."""
        module_name, name = target
        if name is not None:
            inner = f"{module_name}.{name}"
            if self._module(inner) is None or name in self._module(module_name).definitions:
                return [(module_name, name)]
            module_name = inner
        module = self._module(module_name)
        if module is None:
            return []
        if rest:
            head, *more = rest
            if head in module.definitions:
                return [(module_name, head)]
            if head in module.imports:
                return self._resolve(module.imports[head], more)
            if self._module(f"{module_name}.{head}") is not None:
                return self._resolve((f"{module_name}.{head}", None), more)
        # The module itself is handed on: any of it may be used.
        return [(module_name, name) for name in (*module.definitions, *module.imports)]

    def _module(self, name):
        """A module of the package, or None."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name):
        parts = name.split(".")
        if parts[0] != self.package:
            return None
        stem = self.folder.joinpath(*parts[1:])
        for path in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            if path.is_file():
                tree = ast.parse(path.read_text(encoding="utf-8"))
                return _Module(tree, self, name, path.relative_to(self.folder).as_posix())
        return None

    def _stage_name(self, module, name):
        """The name of the stage that a definition is, if it is one."""
        for node in module.definitions[name]:
            call = getattr(node, "value", None)
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args):
                continue
            made = module.imports.get(call.func.id)
            if made == (f"{self.package}.stages", "Stage"):
                return call.args[0].value
        return None


class _Module:
    """Top-level definitions and imports of a module."""

    def __init__(self, tree, code, name, file=""):
        self.tree, self.name, self.file = tree, name, file
        self.imports, self.definitions, self.effects = {}, {}, []
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.imports.update(_imported(node))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.definitions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            else:
                bound = _bound([node])
                for one in bound:
                    self.definitions.setdefault(one, []).append(node)
                if not bound or not isinstance(node, ast.Assign | ast.AnnAssign):
                    self.effects.append(node)

    def references(self, node):
        """Names, with attributes, that a piece of code takes from outside; its own imports."""
        local = {}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                local.update(_imported(inner))
        finder = _Free()
        finder.visit(node)
        return [(chain, local) for chain in dict.fromkeys(finder.found)]


def _imported(node):
    """Names that an import binds: to (module, None) or to (module, name in it)."""
    if isinstance(node, ast.Import):
        # `import a.b` binds a; `import a.b as c` binds a.b.
        return {
            a.asname or a.name.partition(".")[0]: (
                a.name if a.asname else a.name.partition(".")[0], None
            )
            for a in node.names
        }
    return {a.asname or a.name: (node.module or "", a.name) for a in node.names}


class _Free(ast.NodeVisitor):
    """Find the names that are not bound in the code itself."""

    def __init__(self):
        self.found = []
        self._scopes = []

    def _is_bound(self, name):
        return any(name in scope for scope in self._scopes)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and not self._is_bound(node.id):
            self.found.append((node.id,))

    def visit_Attribute(self, node):
        chain, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.visit(inner)
        elif not self._is_bound(inner.id):
            self.found.append((inner.id, *reversed(chain)))

    def visit_FunctionDef(self, node):
        for part in (*node.decorator_list, node.args, node.returns):
            if part is not None:
                self._outside(part)
        self._within(_arguments(node.args) | _bound(node.body), node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _outside(self, part):
        """Defaults and annotations, which are seen from outside of the function."""
        for child in ast.iter_child_nodes(part) if isinstance(part, ast.arguments) else [part]:
            if isinstance(child, ast.arg):
                if child.annotation is not None:
                    self.visit(child.annotation)
            else:
                self.visit(child)

    def visit_Lambda(self, node):
        self._outside(node.args)
        self._within(_arguments(node.args), [node.body])

    def _comprehension(self, node):
        first = node.generators[0].iter
        self.visit(first)
        bound = set().union(*(_names(g.target) for g in node.generators))
        rest = [c for g in node.generators for c in (*g.ifs, g.iter) if c is not first]
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._within(bound, [*rest, *parts])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _within(self, bound, nodes):
        self._scopes.append(bound)
        for node in nodes:
            self.visit(node)
        self._scopes.pop()


def _arguments(args):
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return {a.arg for a in every if a is not None}


def _names(target):
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}


_OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _bound(nodes):
    """Names that statements bind in their own scope; imports are looked at elsewhere."""
    found, taken, waiting = set(), set(), list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, _OWN_SCOPE):
            continue
        if isinstance(node, ast.Global | ast.Nonlocal):
            taken.update(node.names)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        if isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        waiting += ast.iter_child_nodes(node)
    return found - taken


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(
        node.value.value, str
    )


def _dump(node):
    """A syntax tree as text: the same on every Python, and whatever docstrings say."""
    if isinstance(node, ast.AST):
        parts = [type(node).__name__]
        for field in node._fields:
            value = getattr(node, field, None)
            if field == "body" and isinstance(value, list):
                value = [n for n in value if not _is_docstring(n)]
            # Fields that only some versions of Python have are empty in this package.
            if value is None and not isinstance(node, ast.Constant) or value == []:
                continue
            if field in ("ctx", "kind", "type_comment"):
                continue
            parts.append(f"{field}={_dump(value)}")
        return f"({' '.join(parts)})"
    if isinstance(node, list):
        return f"[{' '.join(map(_dump, node))}]"
    return f"{type(node).__name__}:{node!r}"


def _strings(node):
    return {
        n.value for n in ast.walk(node)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and len(n.value) < 100
    }


@functools.lru_cache(maxsize=1)
def own_code():
    """The code of this package as it stood when it was first looked at (`Code`)."""
    return Code(Path(__file__).parent)
