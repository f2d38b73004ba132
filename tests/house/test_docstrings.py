"""Every public name says what it is, what it takes and how it refuses.

* Modules, classes, functions, methods and properties have a docstring that opens with a sentence.
* Whatever takes more than three arguments or fields names each of them: in an Args section, beside the
  field, or in the text. An Args section names all that is taken and nothing else.
* A function that raises an error of the tree in its own body says so in a Raises section; what
  ``__init__`` and ``__post_init__`` raise is said by the class.
"""

import ast
import builtins
import inspect
import re

import pytest

FEW = 3
BUILDERS = {"__init__", "__post_init__"}


def _section(docstring, title):
    """The text indented under a heading, or an empty string."""
    found = re.search(rf"^{title}:\n((?:[ ]{{4}}.*\n?|\n)+)", inspect.cleandoc(docstring), re.MULTILINE)
    return inspect.cleandoc(found.group(1)) if found else ""


def _entries(docstring, title):
    return re.findall(r"^\**(\w+)[^:\n]*:", _section(docstring, title), re.MULTILINE)


def _decorators(node):
    return {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}


def _fields(node):
    return [
        item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]


def _is_record(node):
    """Whether the fields of a class are what a caller gives."""
    return "dataclass" in _decorators(node) or "NamedTuple" in {ast.unparse(base) for base in node.bases}


def _is_fixed(field):
    """Whether nobody may choose the value: a class variable, or the one word of a tag."""
    return ast.unparse(field.annotation).startswith(("ClassVar", "Literal")) and "," not in ast.unparse(
        field.annotation
    )


def _taken(node):
    """Names that a caller may give: arguments, or fields of a dataclass."""
    if isinstance(node, ast.FunctionDef):
        every = (
            *node.args.posonlyargs,
            *node.args.args,
            *node.args.kwonlyargs,
            node.args.vararg,
            node.args.kwarg,
        )
        return [argument.arg for argument in every if argument and argument.arg not in {"self", "cls"}]
    if not _is_record(node):
        builders = [
            item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"
        ]
        return _taken(builders[0]) if builders else []
    return [item.target.id for item in _fields(node) if not _is_fixed(item)]


def _explained_beside(node):
    """Fields with a docstring of their own."""
    pairs = zip(node.body, node.body[1:], strict=False)
    return {
        item.target.id
        for item, after in pairs
        if isinstance(item, ast.AnnAssign)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


def _raised(node):
    """Names of the errors that a body raises itself."""
    bodies = node.body if isinstance(node, ast.FunctionDef) else []
    if isinstance(node, ast.ClassDef):
        bodies = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name in BUILDERS]
    raises = (inner for item in bodies for inner in ast.walk(item) if isinstance(inner, ast.Raise))
    calls = (inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc for inner in raises)
    return {call.id for call in calls if isinstance(call, ast.Name)}


def _public(body, prefix=""):
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{node.name}.")


@pytest.fixture(scope="module")
def everything(sources):
    """Source, name, node and docstring of every public class, function, method and property."""
    return [
        (source, name, node, ast.get_docstring(node) or "")
        for source in sources
        for name, node in _public(source.tree.body)
    ]


@pytest.fixture(scope="module")
def tree(sources):
    """Names of the errors of the house."""
    errors = next(source for source in sources if source.module == "vesalius.errors")
    return {node.name for node in errors.tree.body if isinstance(node, ast.ClassDef)}


def test_every_public_name_opens_with_a_sentence(everything):
    silent = [
        source.at(node, f"{name}: {text.split(chr(10))[0]!r}")
        for source, name, node, text in everything
        if not text.split("\n\n")[0].rstrip().endswith((".", "?", "!", "::", ":"))
    ]
    assert not silent, "\n".join(silent)


def test_every_module_opens_with_a_sentence(sources):
    silent = [
        source.module for source in sources if source.text.strip() and not ast.get_docstring(source.tree)
    ]
    assert not silent, "\n".join(silent)


def test_what_is_taken_is_explained(everything):
    missing = []
    for source, name, node, text in everything:
        taken = _taken(node)
        beside = _explained_beside(node) if isinstance(node, ast.ClassDef) else set()
        if len(taken) > FEW:
            unnamed = [word for word in taken if word not in beside and not re.search(rf"\b{word}\b", text)]
            missing += [source.at(node, f"{name} does not explain {unnamed}")] if unnamed else []
    assert not missing, "\n".join(missing)


def test_an_args_section_names_what_is_taken_and_nothing_else(everything):
    wrong = []
    for source, name, node, text in everything:
        named = _entries(text, "Args")
        taken = set(_taken(node))
        known = taken | (
            {field.target.id for field in _fields(node)} if isinstance(node, ast.ClassDef) else set()
        )
        if named and not taken <= set(named) <= known:
            wrong.append(source.at(node, f"{name}: {sorted(taken ^ set(named))}"))
    assert not wrong, "\n".join(wrong)


def test_what_is_raised_is_said(everything, tree):
    unsaid = []
    for source, name, node, text in everything:
        missing = (_raised(node) & tree) - set(_entries(text, "Raises"))
        unsaid += [source.at(node, f"{name} raises {sorted(missing)}")] if missing else []
    assert not unsaid, "\n".join(unsaid)


def test_what_is_said_to_be_raised_exists(everything, tree):
    unknown = [
        source.at(node, f"{name}: {word}")
        for source, name, node, text in everything
        for word in _entries(text, "Raises")
        if word not in tree and not hasattr(builtins, word)
    ]
    assert not unknown, "\n".join(unknown)
