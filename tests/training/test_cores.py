"""Threads: as many as the control groups of a container let run, told from its files."""

import os
from importlib.metadata import version

import pytest

from vesalius import cli
from vesalius.training.cores import cores, keep_to_quota, quota


@pytest.fixture
def lay(tmp_path):
    """A function that lays out files below a root."""

    def laid(**files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return laid


def second(path, **limits):
    """Files of version 2: the group of the process, and ``cpu.max`` by folder."""
    groups = {f"sys/fs/cgroup{name}/cpu.max": f"{text}\n" for name, text in limits.items()}
    return {"proc/self/cgroup": f"0::{path}\n"} | groups


def first(path, granted, folder="cpu,cpuacct"):
    """Files of version 1."""
    there = f"sys/fs/cgroup/{folder}"
    return {
        "proc/self/cgroup": f"5:memory:{path}\n3:cpu,cpuacct:{path}\n0::/\n",
        f"{there}/cpu.cfs_quota_us": f"{granted}\n",
        f"{there}/cpu.cfs_period_us": "100000\n",
    }


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        (second("/", **{"": "200000 100000"}), 2.0),
        (second("/", **{"": "max 100000"}), None),
        (second("/a/b", **{"/a": "150000 100000", "/a/b": "max 100000"}), 1.5),
        (second("/a/b", **{"/a": "400000 100000", "/a/b": "50000 100000"}), 0.5),
        # The path is that of the host, but the container sees its own group as the outermost.
        (second("/kubepods/pod7", **{"": "300000 100000"}), 3.0),
        (second("/../../elsewhere", **{"": "300000 100000"}), 3.0),
        (second("/a", **{"/unrelated": "100000 100000"}), None),
        (first("/docker/7", 200000), 2.0),
        (first("/docker/7", 200000, "cpu,cpuacct/docker/7"), 2.0),
        (first("/docker/7", 200000, "cpu"), 2.0),
        (first("/docker/7", -1), None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/unified/cpu.max": "100000 100000\n"}, 1.0),
        ({"proc/self/cgroup": "nonsense\n", "sys/fs/cgroup/cpu.max": "nonsense\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 0\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_is_the_least_of_all_groups_around_the_process(lay, files, granted):
    assert quota(lay(**files)) == granted


@pytest.mark.parametrize(
    ("limit", "most", "threads"),
    [
        ("200000 100000", 64, {"OMP_NUM_THREADS": "2"}),
        ("250000 100000", 64, {"OMP_NUM_THREADS": "2"}),
        ("20000 100000", 64, {"OMP_NUM_THREADS": "1"}),
        ("200000 100000", 2, {}),
        ("max 100000", 64, {}),
    ],
)
def test_threads_keep_to_the_quota_and_are_left_alone_without_one(lay, limit, most, threads):
    environ = {}
    keep_to_quota(environ, lay(**second("/", **{"": limit})), most)
    assert environ == threads


def test_the_word_of_the_user_holds(lay):
    environ = {"OMP_NUM_THREADS": "8"}
    keep_to_quota(environ, lay(**second("/", **{"": "200000 100000"})), 64)
    assert environ == {"OMP_NUM_THREADS": "8"}


def test_cores_are_those_of_the_affinity(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 7}, raising=False)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


def test_the_command_line_keeps_to_the_quota_before_a_verb_runs(monkeypatch):
    asked = []
    monkeypatch.setattr(cli, "keep_to_quota", lambda: asked.append("asked"))
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert asked == ["asked"]


def test_the_command_line_says_its_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"vesalius {version('vesalius')}\n"
