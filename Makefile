# Everything that a person does with the project; `make` alone lists it.
# Nothing needs to be installed first but Python 3.11 or newer, and Docker for the
# targets that say so. Python packages go into .venv here.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS ?= 4
JOBS ?= 1
ENGINE ?= auto

# Some machines for CI set it, and Python would compile everything again for each process.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down ps attach demo run scenarios soak examples test thorough check format docs container bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/.run ## start a mesh to chat in, and to break, by hand (Docker); PEERS=20 for more
	@$(BIN)/peerlab up --peers $(PEERS)

down: $(VENV)/.run ## remove the mesh
	@$(BIN)/peerlab down

ps: $(VENV)/.run ## show the mesh: addresses, states, connections, memory
	@$(BIN)/peerlab ps

attach: $(VENV)/.run ## chat at one peer: make attach PEER=alice
	@$(BIN)/peerlab attach $(or $(PEER),alice)

demo: $(VENV)/.run ## run the first scenario: on Docker, or on processes where there is none
	@$(BIN)/peerlab run scenarios/demo.yaml

run: $(VENV)/.run ## run scenarios: make run FILES="scenarios/demo.yaml"
	@$(BIN)/peerlab run $(or $(FILES),scenarios/demo.yaml)

scenarios: $(VENV)/.run ## run the whole library of scenarios, judged; JOBS=4 side by side, ENGINE=process
	@$(BIN)/peerlab run scenarios/ --jobs $(JOBS) --engine $(ENGINE)

soak: $(VENV)/.run ## run eight peers through ten minutes of random faults, judged (Docker)
	@$(BIN)/peerlab run soak/chaos.yaml

examples: $(VENV)/.run ## grade the example programs, most of which have faults; JOBS=4
	@$(BIN)/peerlab grade examples/peers/ --jobs $(JOBS) --engine $(ENGINE)

test: $(VENV)/.test ## run every test; those that need Docker are skipped where there is none
	@if docker version >/dev/null 2>&1; then $(BIN)/peerlab image; fi
	@$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder $(TESTS)

thorough: $(VENV)/.test ## run the tests with many more repeats and random examples
	@PEERLAB_THOROUGH=1 $(BIN)/pytest -n 2 --dist loadfile --timeout 600 $(TESTS)

check: $(VENV)/.dev ## check format, style, types and import directions
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/.docs ## build the documentation as a site, in build/docs
	@$(BIN)/zensical build --strict -f zensical.toml

container: $(VENV)/.run ## build a container image of the lab itself: see docs/container.md (Docker)
	@bash container/build

bench: $(VENV)/.run ## measure what consoles, starts, watching sockets and the canary cost (Docker)
	@$(BIN)/python -m bench

clean: ## remove the mesh, leftovers, kept runs, caches and .venv; images stay
	@if [ -x $(BIN)/peerlab ] && docker info >/dev/null 2>&1; then $(BIN)/peerlab down; fi
	rm -rf $(VENV) runs build *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The packages: what running takes, and what developing takes on top.

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: Python 3.11 or newer is needed, $(PYTHON) is not" >&2; \
		echo "hint: name another, as in: make demo PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "hint: on Debian and Ubuntu: apt install python3-venv" >&2; \
		rm -rf $(VENV); exit 2; }
	@touch $@

$(VENV)/.run: pyproject.toml $(VENV)/.python
	@echo "installing the lab's packages into $(VENV), once"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.docs: pyproject.toml $(VENV)/.python
	@echo "installing the documentation's packages into $(VENV), once"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[docs]'
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.python
	@echo "installing the packages of the tests into $(VENV), once"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile -e '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.dev: pyproject.toml $(VENV)/.python
	@echo "installing the developers' packages into $(VENV), once"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.test $(VENV)/.run
