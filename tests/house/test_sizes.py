"""A file is read in one sitting, a function before its beginning is forgotten. Only ever lowered."""

import ast

FILE_LINES = 300
FUNCTION_LINES = 40
CLASS_LINES = 150
CLASS_METHODS = 12


def _length(node):
    return node.end_lineno - node.lineno + 1


def test_no_file_is_longer_than_one_sitting(root, sources):
    texts = {source.path: source.text for source in sources}
    texts |= {path: path.read_text() for path in (root / "tests").rglob("*.py")}
    counts = {path.relative_to(root): text.count("\n") for path, text in texts.items()}
    long = [f"{path}: {lines} lines" for path, lines in sorted(counts.items()) if lines > FILE_LINES]
    assert not long, "\n".join(long)


def test_no_function_is_longer_than_a_thought(sources):
    long = [
        source.at(node, f"{node.name} has {_length(node)} lines")
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_no_class_does_everything(sources):
    large = []
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                methods = sum(isinstance(member, ast.FunctionDef) for member in node.body)
                if _length(node) > CLASS_LINES or methods > CLASS_METHODS:
                    large.append(source.at(node, f"{node.name}: {_length(node)} lines, {methods} methods"))
    assert not large, "\n".join(large)
