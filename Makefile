# Everything to do with a clone; `make help` lists it. Needs Python 3.11 or newer and a POSIX shell.
.POSIX:
.SUFFIXES:
.PHONY: help demo test test-all torture breaks coverage fuzz check fix completions readme docs knowledge readings lock bench clean system system-check budgets mutants audit sbom dist

# The interpreter for .venv; by default the newest one that works.
PYTHON ?=
# Arguments for pytest: make test TESTS='tests/domain -x'
TESTS ?= tests
# How many tests run at a time; most of them wait for processes and sockets.
WORKERS ?= 4
# How many seconds to fuzz, and which readers: make fuzz FUZZ_SECONDS=3600 READERS='paste token'
FUZZ_SECONDS ?= 600
READERS ?=
# How many mutants a package, and which packages: make mutants MUTANTS=0 PACKAGES=domain (0: all of them)
MUTANTS ?= 80
PACKAGES ?=
# Arguments for the torture harness: make torture TORTURE='--only invite --every 10'
TORTURE ?=
BIN = .venv/bin
LINT = .venv-lint/bin

COMPILE_LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

help:
	@echo 'make demo         set up, then ring a room through a local Zoom, and explain three failures'
	@echo 'make test         set up, then run every test'
	@echo 'make test-all     the same on each of Python 3.11 to 3.14 that this machine has'
	@echo 'make torture      fail every system call of every command, kill it everywhere; goes on where it was stopped'
	@echo 'make breaks       break each guard once in a copy, and see that the harness or a test finds it'
	@echo 'make coverage     the same, but slower, with a report of branch coverage'
	@echo 'make fuzz         feed every reader with coverage-guided input for FUZZ_SECONDS (600)'
	@echo 'make mutants      change the rules a little, MUTANTS times a package, and count what the tests notice'
	@echo 'make audit        look for known weaknesses in the dependencies, and for careless code in our own'
	@echo 'make sbom         write build/sbom.json, the bill of materials (CycloneDX) of what an installation can need'
	@echo 'make dist         build wheel and sdist into dist; the same commit gives the same bytes'
	@echo 'make check        set up, then check formatting, lint, types, layers, generated files and what starts cost'
	@echo 'make fix          format, and fix what ruff can fix'
	@echo 'make completions  regenerate completions/ and docs/man/ from the command tree'
	@echo 'make readme       regenerate the captured parts of README.md, and docs/pictures'
	@echo 'make docs         regenerate docs/errors.md from the pages of explain'
	@echo 'make readings     write down anew what diagnose reads of each case'
	@echo 'make knowledge    parse the TOML files of zoomcall/knowledge beforehand'
	@echo 'make bench        measure starts, calls and batches beside other tools, and write docs/performance.md'
	@echo 'make budgets      let starts cost from now on what they cost today'
	@echo 'make lock         resolve the dependencies again'
	@echo 'make clean        remove everything that the other targets made'

demo: .venv/.ready
	@PATH="$$PWD/$(BIN):$$PATH" zoomcall emulate -v -- \
	    python -m zoomcall.emulator.sip.room --answer-after 1 -- sh tools/demo.sh

test: .venv/.ready .venv-recipes/.ready system
	@sh tools/test.sh $(BIN)/python $(WORKERS) $(TESTS)

test-all: .venv-recipes/.ready system
	@sh tools/test_all.sh $(WORKERS) $(TESTS)

torture: .venv/.ready system
	@PYTHONPATH=tests $(BIN)/python -m torture --hands $(WORKERS) --table docs/reliability.md $(TORTURE)

breaks: .venv/.ready system
	@PYTHONPATH=tests $(BIN)/python -m torture.breaks

coverage: .venv/.ready .venv-recipes/.ready system
	@rm -f .coverage .coverage.*
	@sh tools/test.sh '$(BIN)/coverage run' $(WORKERS) $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

fuzz: .venv-fuzz/.ready
	@.venv-fuzz/bin/python fuzz/run.py --seconds $(FUZZ_SECONDS) $(READERS)

mutants: .venv-mutants/.ready
	@.venv-mutants/bin/python tools/mutants.py --sample $(MUTANTS) $(PACKAGES)

# Known weaknesses are looked up on the network: without it this says so and goes on, and so it is no part of check.
audit: .venv-audit/.ready
	@.venv-audit/bin/bandit --quiet --recursive --configfile pyproject.toml zoomcall
	@sh tools/audit.sh .venv-audit/bin/pip-audit requirements-runtime.lock

sbom: .venv-audit/.ready
	@mkdir -p build
	@.venv-audit/bin/python -W ignore -m cyclonedx_py requirements requirements-runtime.lock --pyproject pyproject.toml \
	    --output-reproducible --validate --output-file build/sbom.json

dist: .venv/.ready
	@rm -rf dist
	@SOURCE_DATE_EPOCH="$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}" $(BIN)/python -m hatchling build --directory dist

check: .venv/.ready .venv-lint/.ready .venv-start/.ready system-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --platform linux
	$(BIN)/mypy --platform darwin
	$(BIN)/mypy --platform win32
	$(BIN)/mypy tools fuzz tests/torture tests/conftest.py tests/contract.py tests/shell.py
	$(LINT)/lint-imports
	$(BIN)/python tools/completions.py --check
	$(BIN)/python tools/manpages.py --check
	$(BIN)/python tools/readme.py --check
	$(BIN)/python tools/pictures.py --check
	$(BIN)/python tools/errors.py --check
	$(BIN)/python tools/knowledge.py --check
	PYTHONPATH=tests $(BIN)/python bench/gate.py .venv-start/bin/python

fix: .venv/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

completions: .venv/.ready
	$(BIN)/python tools/completions.py
	$(BIN)/python tools/manpages.py

readme: .venv/.ready
	$(BIN)/python tools/readme.py
	$(BIN)/python tools/pictures.py

knowledge: .venv/.ready
	$(BIN)/python tools/knowledge.py

docs: .venv/.ready
	$(BIN)/python tools/errors.py

readings: .venv/.ready
	PYTHONPATH=tests $(BIN)/python -m diagnose.readings

bench: .venv/.ready .venv-start/.ready build/peers/.ready
	PYTHONPATH=tests $(BIN)/python bench/peers.py .venv-start/bin/python --write

budgets: .venv/.ready .venv-start/.ready system-check
	PYTHONPATH=tests $(BIN)/python bench/gate.py .venv-start/bin/python --write

lock:
	python3 -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/$(COMPILE_LOCK) --extra emulator --extra report --extra sip --extra socks --group build --group test --group types \
	    pyproject.toml --output-file requirements.lock
	.venv-lock/bin/$(COMPILE_LOCK) --group lint --output-file requirements-lint.lock
	.venv-lock/bin/$(COMPILE_LOCK) --group build --group fuzz pyproject.toml --output-file requirements-fuzz.lock
	.venv-lock/bin/$(COMPILE_LOCK) --all-extras --group build --group test --group mutants pyproject.toml \
	    --output-file requirements-mutants.lock
	.venv-lock/bin/$(COMPILE_LOCK) --group audit --output-file requirements-audit.lock
	.venv-lock/bin/$(COMPILE_LOCK) --group recipes --output-file requirements-recipes.lock
	.venv-lock/bin/$(COMPILE_LOCK) --all-extras --constraint requirements.lock pyproject.toml \
	    --output-file requirements-runtime.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-3.* .venv-start .venv-lint .venv-fuzz .venv-mutants .venv-audit .venv-recipes .venv-lock .mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	    .coverage .coverage.* .torture build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.ready: .venv/.locked pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q zoomcall
	@touch $@

# The program with what it needs to run, and nothing else: where starts are measured.
.venv-start/.ready: requirements-runtime.lock
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-start requirements-runtime.lock
	@ln -sfn "$$PWD/zoomcall" "$$(.venv-start/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/zoomcall"
	@touch $@

.venv/.locked: requirements.lock
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv requirements.lock
	@touch $@

.venv-lint/.ready: requirements-lint.lock
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-lint requirements-lint.lock
	@touch $@

.venv-fuzz/.ready: requirements-fuzz.lock pyproject.toml
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-fuzz requirements-fuzz.lock
	@.venv-fuzz/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv-mutants/.ready: requirements-mutants.lock pyproject.toml
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-mutants requirements-mutants.lock
	@.venv-mutants/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv-audit/.ready: requirements-audit.lock
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-audit requirements-audit.lock
	@touch $@

.venv-recipes/.ready: requirements-recipes.lock
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-recipes requirements-recipes.lock
	@touch $@

# What users would pick instead, as far as npm and PyPI can be reached.
build/peers/.ready: bench/peers.sh
	@sh bench/peers.sh build/peers
	@touch $@

# What counts instructions; without it only modules are counted.
system-check:
	@sh tools/system.sh valgrind=valgrind dbus-daemon=dbus gnome-keyring-daemon=gnome-keyring \
	    secret-tool=libsecret-tools || true

# The real daemons, shells and SIP endpoints that the tests talk to.
system:
	@sh tools/system.sh dbus-run-session=dbus gnome-keyring-daemon=gnome-keyring secret-tool=libsecret-tools \
	    bash=bash zsh=zsh fish=fish curl=curl caddy=caddy sipp=sip-tester baresip=baresip-core \
	    parallel=parallel cc=build-essential chromium=chromium mandoc=mandoc systemd-analyze=systemd crontab=cron
