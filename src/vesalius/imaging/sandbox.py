"""A child process that may die: asked for arrays, limited in memory and time, started when needed."""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from time import monotonic
from typing import IO

import numpy as np
from pydicom.uid import UID

from vesalius.errors import DecodeError
from vesalius.imaging import decoder
from vesalius.imaging.decoder import Limits, Request
from vesalius.imaging.values import filled

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Sandbox:
    """One `vesalius.imaging.decoder` process and the way to ask it, one question at a time.

    Args:
        limits: What one file may cost.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def ask(self, request: Request) -> np.ndarray:
        """Have an array made from a file.

        Raises:
            DecodeError: The child refused, failed, ran out of a limit or died.
        """
        path, codec = Path(request.path), codec_name(request.syntax)
        child, start = self._running(), monotonic()
        alarm = threading.Timer(self._limits.wall_seconds, child.kill)
        alarm.start()
        is_whole = False
        try:
            answer = _exchange(child, request)
            is_whole = True
        except (OSError, EOFError) as error:
            raise DecodeError(path, codec, self._death(child, monotonic() - start)) from error
        finally:
            alarm.cancel()
            if not is_whole:
                # What is left in the pipe would be taken for the answer about the next file.
                self.close()
        if isinstance(answer, str):
            raise DecodeError(path, codec, answer)
        return answer

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            # It died idle, and not of the file that comes now.
            self.close()
        if self._child is None:
            command = [sys.executable, "-P", decoder.__file__, self._limits.to_json()]
            # An own session: Ctrl-C at the terminal is for the parent, which then closes the input.
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
                start_new_session=True,
            )
        return self._child

    def _death(self, child: subprocess.Popen[bytes], seconds: float) -> str:
        """Bury the child and say what it died of."""
        child.wait()
        self.close()
        if seconds >= self._limits.wall_seconds:
            return f"no answer within {self._limits.wall_seconds:g} s"
        if child.returncode == -signal.SIGXCPU:
            return f"more than {self._limits.cpu_seconds} s of processor time needed"
        if child.returncode < 0:
            return f"the decoder was ended by {signal.Signals(-child.returncode).name}"
        return f"the decoder ended with exit code {child.returncode}"


# Two threads that ask first at the same time would get a list each, and one of them be forgotten.
_LISTS = threading.Lock()


@cache
def _idle(limits: Limits, process: int) -> list[Sandbox]:
    return []


@contextmanager
def sandbox(limits: Limits) -> Iterator[Sandbox]:
    """A child of this process for these limits, kept between files; one for each thread that asks."""
    # A forked process must not talk through the pipes of its parent.
    with _LISTS:
        idle = _idle(limits, os.getpid())
    try:
        mine = idle.pop()
    except IndexError:
        mine = Sandbox(limits)
    try:
        yield mine
    finally:
        idle.append(mine)


def codec_name(syntax: str) -> str:
    """What people call a transfer syntax, with its UID."""
    uid = UID(syntax)
    name = "Deflated Image Frame" if syntax == decoder.DEFLATED_FRAMES else uid.name
    return syntax if name == syntax else f"{name} ({syntax})"


def _exchange(child: subprocess.Popen[bytes], request: Request) -> np.ndarray | str:
    """Ask once; text means that the child refused."""
    stdin, stdout = _pipes(child)
    stdin.write(json.dumps(asdict(request)).encode() + b"\n")
    stdin.flush()
    line = stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError("the child ended before it answered")
    said = json.loads(line)
    if "error" in said:
        return said["error"]
    values = np.empty(said["shape"], said["dtype"])
    if not filled(values, stdout.readinto):  # pyright: ignore[reportAttributeAccessIssue]
        raise EOFError("the child ended within an array")
    return values


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise EOFError("the child has no pipes")
    return child.stdin, child.stdout
