# Everything sets itself up: python3, make and a package index are all that a fresh machine needs.
# the distribution's Python first: one that is built as a shared library takes an eighth more instructions for the same
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
UNIT   := not stack and not interop
PEERS  := charon-systemd curl eapoltest freediameter-extensions freediameterd freeradius freeradius-postgresql freeradius-utils hostapd iproute2 kmod libcharon-extauth-plugins libcharon-extra-plugins libosmocore-utils libstrongswan-extra-plugins libstrongswan-standard-plugins nftables openssl postgresql radsecproxy softhsm2 strongswan-swanctl tcpdump tshark user-mode-linux
JOBS   ?= 3
# each file is one worker's, which makes its laboratory once; more workers than cores, as many tests wait for a peer
SHARED := -n $(JOBS) --dist loadfile --no-loadscope-reorder

# what is compiled once need not be again by each of the processes that tests start
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv demo check lint types unit stack interop peers test tests bench sqn-proof fuzz diagrams clean

help:                 ## say what each target does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|'

venv: $(READY)        ## the virtual environment, with every dependency at its locked hash

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Akadia needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -y -q python3-venv && $(PYTHON) -m venv --clear $(VENV); } \
	  || { echo "python3 cannot make a virtual environment; install the package python3-venv"; exit 1; }
	@echo "installing the locked dependencies into $(VENV)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)        ## the eight steps of DS-MIPv6 bootstrapping, on real sockets, in one command
	@$(BIN)/akadia demo

lint: $(READY)        ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)       ## mypy --strict, tests included
	$(BIN)/mypy

unit: $(READY)        ## the tests that need no socket
	$(BIN)/python -m pytest -q $(SHARED) -m "$(UNIT)"

check: lint types unit ## the fast loop

stack: peers          ## the tests on real sockets and processes
	$(BIN)/python -m pytest -q $(SHARED) -m stack

peers: $(READY)       ## install the foreign peers from Debian, where that is allowed
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  dpkg -s $(PEERS) >/dev/null 2>&1 || { echo "installing $(PEERS)"; \
	  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $(PEERS); } >$(VENV)/peers.log 2>&1 \
	  || { echo "some peers could not be installed: $(VENV)/peers.log says why"; }; }; fi

interop: peers        ## the tests against peers that nobody here wrote
	$(BIN)/python -m pytest -q $(SHARED) -m interop

test: lint peers      ## everything: check, stack tests and interop
	@$(MAKE) --no-print-directory -j 2 types tests

tests: $(READY)
	$(BIN)/python -m pytest -q $(SHARED)

bench: peers $(VENV)/peers/.tried  ## how fast HSS, AAA server and PDN GW are here, beside what they have to be; BENCH=--quick for a look
	$(BIN)/python -m tests.bench $(BENCH)

# no package has hostapd's authentication centre, or hostapd without limits; without them a comparison is left out
$(VENV)/peers/.tried: tests/bench/hostap.sh tests/interop/debian_source.sh
	@mkdir -p $(@D)
	@tests/bench/hostap.sh $(@D) >$(VENV)/peers.log 2>&1 || echo "hostap could not be built: $(VENV)/peers.log says why"
	@touch $@

sqn-proof: peers      ## 100,000 vectors by 8 processes that are killed at random, on both engines: no SQN twice
	SQN_PROOF=$${SQN_PROOF:-100000} $(BIN)/python -m pytest -q -s tests/stack/test_sqn_proof.py

fuzz: $(READY)        ## every parser, daemon and whole server against mutated input, at length (FUZZ_ROUNDS=…, FUZZ_CASES=…)
	FUZZ_ROUNDS=$${FUZZ_ROUNDS:-200000} $(BIN)/python -m pytest -q -n $(JOBS) tests/fuzz --timeout 3600
	FLOOD=20000 SCHEMATHESIS_EXAMPLES=50 $(BIN)/python -m pytest -q $(SHARED) tests/stack/test_api.py \
	  $$(grep -l stack.floods tests/stack/test_*.py)
	$(BIN)/python -m tests.fuzz.whole --cases $${FUZZ_CASES:-1000000}

diagrams: $(READY)    ## redraw the state diagrams of ARCHITECTURE.md from the transition tables
	$(BIN)/python -m tests.house.diagrams --write

clean:                ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
