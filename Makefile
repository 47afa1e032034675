# All targets for people and CI. Each works in an empty clone, as root or with sudo: docs/install.md, README.md.
#   make install   .venv with the locked dependencies        make demo [STAY=1]   the invented town on one screen
#   make test      mail servers and the whole test suite        make check           lint, types, contracts, site, a town a language, and test
#   make test TESTS=tests/mail   one part                    make test TESTS="tests/e2e/test_loop.py -k robot"
#   make other     some tests on the supported Python that is not the one of .venv, where it is installed
#   make deploy    install or upgrade the systemd service
#   make bench [N=1000], make bench GROW=100000   speed compared with a minimal program; with GROW stored cases
#   make bench STAGES=1000   the CPU time of each stage; make bench INSTRUCTIONS=40   the instructions of `once`
#   make proof [ROWS="kills board"]   all that we say of a commit, run on it, as one table: an hour; ROWS: run again
#   make towns [COUNT=20]   so many daemons on this machine: memory, idle CPU and latency of each
#   make board [MOVES=2000] [SEED=1] [PROVIDER=google]   a random walk over the board on a real Dovecot
#   make chaos [KILLS=20] [PROVIDER=microsoft365] · make power [CUTS=20] · make latency [MESSAGES=100] [AT_ONCE=1]
#   make understand   accuracy on writers left out, compared with a simple model
#   make train     oacmail/mail/understanding/weights.bin, learned from the labelled mail of bench: the same bits each time
#   make simulate [DAYS=90] [SEEDS=100] [FIRST=1]   the simulated town, one run per seed
#   make matrix [DAYS=90]   receivers by DMARC, DKIM, SPF and envelope: what is told of a refusal, and nothing else
#   make mutants [N=80] [SEED=1]   small faults planted in oacmail/core: the share that the tests see, and the others
#   make months [MONTHS=50]   the figures of random months, counted by hand beside the report
#   make damages [CHANGES=1000] [SEED=1]   rows, ledger and mailbox changed by chance: what no nightly proof names
#   make rebuilds [TOWNS=50] [DAYS=90]   simulated towns lose their database: what differs after `oacmail rebuild`
#   make rebuild-cost [COST=100000]   time and memory of a rebuild
#   make upgrade-cost [CASES=100000]   the down-time of an upgrade from the first version
#   make fresh bounces CORPORA=DIR MAIL=DIR   reply extraction compared with other libraries; delivery reports
#   make pages     the HTML of every mail and page in Chromium: width on a telephone, and axe-core; needs chromium and npm
#   make report-cost [CASES=100000]   the monthly report of a year with so many cases
#   make report-pictures   docs/pictures: the monthly report on a desk, a telephone and at 200 % zoom; needs chromium
#   make sheet     docs/sheet: the agents' page on one A4 a language, as PDF; needs chromium and fonts-liberation
#   make pictures  docs/pictures: the mailbox in Roundcube; needs roundcube-core, roundcube-sqlite3, php-cli, chromium, npm
#   make booted [STEPS="kill upgrade"]   tests on a Debian 13 booted in systemd-nspawn: CONTRIBUTING.md
#   make booted STEPS=package   the Debian package on that machine, from its installation to its purge
#   make container [BASE=IMAGE]   the image of Containerfile, built and run by buildah and podman: CONTRIBUTING.md
#   make tool      the wheel, installed by `uv tool install` far from the checkout
#   make release VERSION=0.2.0 [DRY=1]   wheel, sdist, Debian package, SBOM, checksums and tag: CONTRIBUTING.md
#   make deb       dist/oacmail_VERSION_ARCH.deb, which needs no network when it is installed
#   make deb-check [OLD=FILE]   the newest package in dist, judged by lintian, piuparts and autopkgtest: CONTRIBUTING.md
#   make undeploy  removes what deploy installed; configuration, state and backups stay
#   make site      dist/site: the documents as HTML; a link that leads nowhere is an error
#   make man       systemd/oacmail.8, the manual page, from the verbs of the program
#   make lock      update the lock files after a change of dependencies; needs uv

PYTHON ?= python3
N ?= 1000
GROW ?=
KILLS ?= 20
CUTS ?= 20
MOVES ?= 2000
SEED ?= 1
DAYS ?= 90
TOWNS ?= 50
COUNT ?= 20
SEEDS ?= 100
FIRST ?= 1
MESSAGES ?= 100
CASES ?= 100000
STAY ?=
CORPORA ?= corpora
MAIL ?= mail
TESTS ?=
STEPS ?=
BASE ?=
DRY ?=
OLD ?=
ROWS ?=
# Tests wait as long as they compute, so each core runs three processes. One process runs all tests of a file, in order.
WORKERS ?= $(shell echo $$((3 * $$(nproc))))

MINOR := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED := .venv/installed-$(MINOR)
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet
# uv installs in a quarter of pip's time, but it does not read pip.conf: where it fails, pip installs the same files.
UV := .venv/bin/uv pip install --quiet --python .venv/bin/python
# uv and an editable installation leave no bytecode: a first daemon would compile, and hold 6 MB more at its peak.
IMPORT_ALL := import pkgutil as p, importlib as i, oacmail as o; \
	[i.import_module(m.name) for m in p.walk_packages(o.__path__, "oacmail.") if m.name != "oacmail.__main__"]
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo --preserve-env)

# Without bytecode each worker and each program that the tests start would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install servers compiled demo test other check instructions languages lint proof bench board chaos power damages simulate matrix months mutants rebuilds rebuild-cost latency understand train fresh bounces pages report-cost upgrade-cost report-pictures sheet pictures booted deploy undeploy deb deb-check container tool release man lock towns site
.DELETE_ON_ERROR:

install: $(INSTALLED)

$(INSTALLED): requirements-dev.txt pyproject.toml .ci/uv.txt
	@.ci/venv $(PYTHON)
	@$(PIP) install --require-hashes -r .ci/uv.txt
	@$(UV) --require-hashes -r requirements-dev.txt || $(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@.venv/bin/python -c '$(IMPORT_ALL)'
	@touch $@

demo: install
	@.venv/bin/python -m testbed.demo $(if $(STAY),--stay)

PARALLEL := --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder

servers:
	@.ci/servers

# Each worker of pytest collects all tests: two processes compile them first, a half each.
compiled: install
	@$(if $(TESTS),,printf '%s\n' tests/test_*.py tests/*/test_*.py | xargs -P 2 -n 120 .venv/bin/python -m pytest \
		--collect-only --quiet -p no:syrupy > .venv/collected 2>&1 || { tail -n 50 .venv/collected; exit 1; })

test: install servers compiled
	@$(if $(TESTS),,echo "make: all tests, with $(WORKERS) processes: 6 to 15 minutes on two cores")
	@$(AS_ROOT) .venv/bin/python -m pytest $(if $(findstring .py,$(TESTS)),,$(PARALLEL)) $(TESTS)
	@$(if $(TESTS),,.ci/passed)

other: install servers
	@$(AS_ROOT) .ci/other

# Lint and the count of instructions compute for most of a minute, and the tests often wait: all run beside each other.
check:
	@$(MAKE) --no-print-directory --jobs=6 lint test other site instructions languages

# A town for each language that the office may write in first.
languages: install
	@for lang in ca es en; do nice .venv/bin/python -m testbed.sim --days 10 --seed 1 --language $$lang || exit 1; done

instructions: install servers
	@if command -v valgrind > /dev/null; then $(AS_ROOT) .venv/bin/python -m bench.instructions --check; \
		else echo "make: valgrind is not installed: no instructions are counted"; fi

lint: install
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

proof: install
	@$(AS_ROOT) .venv/bin/python -m tests.proof $(ROWS)

bench: install servers
	@$(AS_ROOT) .venv/bin/python -m $(if $(GROW),bench.grow $(GROW) $(N),$(if $(STAGES),bench.stages $(STAGES),$(if $(INSTRUCTIONS),bench.instructions $(INSTRUCTIONS),bench.run $(N))))

towns: install servers
	@$(AS_ROOT) nice -n 10 .venv/bin/python -m bench.towns $(COUNT)

AT_PROVIDER := $(if $(PROVIDER),--provider $(PROVIDER))

board: install servers
	@$(AS_ROOT) .venv/bin/python -m tests.board --moves $(MOVES) --seed $(SEED) $(AT_PROVIDER)

chaos: install servers
	@$(AS_ROOT) .venv/bin/python -m tests.chaos --kills $(KILLS) $(AT_PROVIDER)

power: install servers
	@$(AS_ROOT) .venv/bin/python -m tests.power --cuts $(CUTS)

damages: install
	@.venv/bin/python -m tests.ledger.random_damage --changes $(or $(CHANGES),1000) --seed $(or $(SEED),1)

rebuilds: install
	@seq $(FIRST) $$(($(FIRST) + $(TOWNS) - 1)) | xargs -P $$(nproc) -I SEED .venv/bin/python -m tests.sim.rebuilding --first SEED --towns 1 \
		--days $(DAYS) --faults

rebuild-cost: install
	@.venv/bin/python -m bench.rebuild $(or $(COST),100000)

simulate: install
	@seq $(FIRST) $$(($(FIRST) + $(SEEDS) - 1)) | xargs -P $$(nproc) -I SEED .venv/bin/python -m testbed.sim --days $(DAYS) --seed SEED

matrix: install
	OACMAIL_MATRIX_DAYS=$(DAYS) .venv/bin/python -m pytest -q -n auto --timeout 3600 tests/deliverability/test_fault_matrix.py

months: install
	MONTHS=$(or $(MONTHS),50) .venv/bin/python -m pytest -q -n auto tests/report/test_months_by_hand.py

mutants: install
	@nice -n 19 .venv/bin/python -m bench.mutants $(if $(filter command%,$(origin N)),$(N),80) --seed $(SEED)

latency: install servers
	@$(AS_ROOT) .venv/bin/python -m tests.latency $(MESSAGES) $(if $(AT_ONCE),--at-once)

understand: install
	@$(PIP) install --require-hashes -r bench/requirements.txt
	@.venv/bin/python -m bench.understand

# One thread and one way of adding for every processor: the same sums, and the same bits.
train: install
	@$(PIP) install --require-hashes -r bench/requirements.txt
	@OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell .venv/bin/python -m bench.train

fresh: install
	@$(PIP) install --require-hashes -r bench/requirements.txt
	@.venv/bin/python -m bench.fresh $(CORPORA)

bounces: install
	@.venv/bin/python -m bench.bounces $(CORPORA) $(MAIL)

pages: install
	@.venv/bin/python -m bench.pages

report-cost: install
	@.venv/bin/python -m bench.report_cost $(CASES)

upgrade-cost: install
	@.venv/bin/python -m bench.upgrade $(CASES)

report-pictures: install
	@.venv/bin/python -m bench.report_pages

sheet:
	@.ci/sheet

pictures: install servers
	@$(AS_ROOT) .venv/bin/python -m tests.pictures

booted: install
	@$(AS_ROOT) .venv/bin/python -u -m tests.booted $(STEPS)

container: install servers
	@$(AS_ROOT) env BASE=$(BASE) .venv/bin/python -u -m tests.container

tool: install servers
	@$(AS_ROOT) .venv/bin/python -u -m tests.installed

deploy:
	@$(AS_ROOT) systemd/deploy

undeploy:
	@$(AS_ROOT) systemd/undeploy

deb:
	@packaging/deb

deb-check:
	@$(AS_ROOT) env OLD=$(OLD) packaging/check

release: install
	@.venv/bin/python packaging/release.py $(if $(DRY),--dry-run) \
		$(or $(VERSION),$(if $(DRY),$$(sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml),$(error VERSION=X.Y.Z is missing)))

man: install
	@.venv/bin/python packaging/manual.py > systemd/oacmail.8

SITE := .cache/site-venv

$(SITE)/installed: docs/site/requirements.txt $(INSTALLED)
	@.venv/bin/uv venv --quiet --clear --python .venv/bin/python $(SITE)
	@.venv/bin/uv pip install --quiet --python $(SITE)/bin/python --require-hashes -r $< || \
		$(PIP) --python $(SITE)/bin/python install --require-hashes -r $<
	@touch $@

site: $(SITE)/installed
	@$(SITE)/bin/python -m sphinx --builder html --conf-dir docs/site --doctree-dir .cache/site-doctrees --quiet \
		--nitpicky --fail-on-warning --keep-going docs dist/site
	@echo dist/site/index.html

lock:
	echo uv | uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header - -o .ci/uv.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header bench/requirements.in \
		-o bench/requirements.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml --extra charts \
		--extra google --extra microsoft -o requirements.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml --all-extras \
		-c requirements.txt -o requirements-dev.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header docs/site/requirements.in \
		-o docs/site/requirements.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header systemd/requirements.in \
		-c requirements-dev.txt -o systemd/requirements.txt
