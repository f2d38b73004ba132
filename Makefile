# Three words: `make demo`, `make test`, `make check`. Each sets up .venv by itself.

PYTHON ?= python3
READY  := .venv/.ready

.PHONY: demo test check reference

demo: $(READY)
	.venv/bin/vesalius demo --out out/demo

test: $(READY)
	scripts/check

check: $(READY)
	scripts/check --static

reference: $(READY)
	.venv/bin/python scripts/reference.py

# torch comes first and alone, so that no other requirement chooses its build.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --constraint constraints.txt torch
	.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
