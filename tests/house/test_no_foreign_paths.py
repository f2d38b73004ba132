"""The project names no machine, no package host, and nothing that it must not need."""

import re

MACHINE = re.compile(r"(?<![\w.$}~])/(?:work|tmp|root|home|Users|farm)/|[A-Z]:\\\\Users")
HOST = re.compile(r"(?:pypi|pythonhosted|npmjs|debian|download\.pytorch)\.(?:org|com)")
VISION = re.compile("torch" + "vision")


def _lines(tracked, pattern, keep=lambda path: True):
    found = []
    for path in filter(keep, tracked):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path}:{n} {line.strip()[:100]}"
            for n, line in enumerate(text.split("\n"), 1)
            if pattern.search(line)
        ]
    return found


def test_no_file_names_a_place_on_one_machine(tracked):
    found = _lines(tracked, MACHINE)
    assert not found, "\n".join(found)


def test_no_file_names_a_package_host(tracked):
    found = _lines(tracked, HOST)
    assert not found, "\n".join(found)


def test_nothing_but_the_plan_mentions_what_has_no_cpu_build(tracked):
    found = _lines(tracked, VISION, keep=lambda path: path.suffix != ".md")
    assert not found, "\n".join(found)


def test_the_rule_sees_what_it_forbids(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text('open("/' + 'home/someone/x")\n')
    assert len(_lines([path], MACHINE)) == 1
