# The front door. Everything here is short for something that can also be typed: cmake, ninja, ctest, scripts/.
#
#   DEPS=no       do not look after packages        BUILD=dir      build elsewhere (default: build)
#   JOBS=n        tests at a time (default: 4)      CMAKE_ARGS=…   more for cmake, at the first build
#   PREFIX=/usr/local  DESTDIR=…                    for install
#   CASES=n      of faults: so many, evenly chosen
#   REPOSITORY=localhost  TAG=version               for image
#   TIME=seconds  SEED=n (0: another each time)      for fuzz
#   MINUTES=n  INVOCATIONS=n  SEED=n                for soak
#   HISTORIES=n                                     for histories

BUILD ?= build
JOBS ?= 4
PREFIX ?= /usr/local
DEPS ?= yes
REPOSITORY ?= localhost
TAG ?=
CMAKE_ARGS ?=
TIME ?= 20
MINUTES ?= 20
INVOCATIONS ?= 300
SEED ?= 1
HISTORIES ?= 10000

# What a compiler cache needs to work with a precompiled header, and across clones of the repository.
export CCACHE_SLOPPINESS ?= pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= true

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.PHONY: build alone quickstart test bench bench-gate histories test-asan test-tsan faults fuzz soak nightly model record-launcher format lint tidy clean install image e2e help deps

build: deps $(BUILD)/build.ninja  ## compile operator, simulator and kubectl plugin into build/bin
	cmake --build $(BUILD) --target lepton-operator lepton-sim kubectl-lepton

alone:  ## compile each source by itself (the others take eight at a time), and run the unit tests
	$(MAKE) build BUILD=$(BUILD)-alone CMAKE_ARGS='$(CMAKE_ARGS) -DLEPTON_OPERATOR_TOGETHER=OFF'
	cmake --build $(BUILD)-alone
	ctest --test-dir $(BUILD)-alone -L '^unit$$' -j $(JOBS) --no-tests=error --output-on-failure

quickstart: build  ## run an evaluation on a simulated workspace, watch it, delete it
	scripts/quickstart --bin $(BUILD)/bin

test: build  ## run the tests; says what could not run, and why
	cmake --build $(BUILD)
	scripts/run-tests $(BUILD) $(JOBS)

histories: build  ## ten thousand random lives of an Invocation under the rules that never bend 
	cmake --build $(BUILD) --target planner_lifecycle_test
	scripts/histories $(BUILD) $(HISTORIES)

test-asan:  ## unit, simulator and fault tests with every access to memory and all arithmetic checked (address + undefined)
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh)
	scripts/sanitized address,undefined $(BUILD)-asan $(JOBS)

test-tsan:  ## the same with every access by two threads checked
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh)
	scripts/sanitized thread $(BUILD)-tsan $(JOBS)

fuzz:  ## bytes that nobody would write, TIME=20 seconds for each of tests/fuzz (clang); what is found becomes a test there
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh --fuzz)
	scripts/fuzz --time $(TIME) --seed $(SEED) --build $(BUILD)-fuzz

soak: build  ## MINUTES=20, INVOCATIONS=300, SEED=1: users, faults, kill -9, API server restarts; then the invariants
	LEPTON_OPERATOR_BIN=$(abspath $(BUILD))/bin python3 tests/soak/soak.py --minutes $(MINUTES) --invocations $(INVOCATIONS) --seed $(SEED)

nightly:  ## what takes hours: each of these, and all of them even if one fails
	@failed=; for part in alone 'fuzz TIME=600 SEED=0' test-tsan soak 'histories HISTORIES=40000'; do $(MAKE) $$part || failed="$$failed ($$part)"; done; \
	  if [ -n "$$failed" ]; then echo "nightly: failed:$$failed"; exit 1; fi

bench: build  ## what the operator costs: N Invocations on a real API server. MODE=run|cold|soak-idle|directory, ARGS="-n 1000 -t 3"
	bench/bench $(or $(MODE),run) $(ARGS)

bench-gate: build  ## five hundred Invocations, held to ratios that do not depend on the machine (~2 min)
	bench/gate

model: build  ## the planner in every state that some scenarios come to, its Lepton held to lepton-sim (~1 min of CPU); DEEP=yes: more faults
	cmake --build $(BUILD) --target model_test model_assumptions_test
	$(if $(filter yes,$(DEEP)),LEPTON_OPERATOR_MODEL=deep $(BUILD)/bin/model_test,ctest --test-dir $(BUILD) -L '^model$$' -j $(JOBS) --no-tests=error -V)

faults: build  ## a fault at every call of every scenario (CASES=3500: some of them), and planted bugs that have to be caught
	cmake --build $(BUILD) --target fault_runner fault_runner_planted
	$(BUILD)/bin/fault_runner $(if $(CASES),--cases $(CASES))
	$(BUILD)/bin/fault_runner_planted --planted all

record-launcher: build  ## record anew what nemo-evaluator-launcher sends; CHECK=yes only compares with what is committed
	LEPTON_OPERATOR_BIN=$(abspath $(BUILD))/bin tests/conformance/record_launcher $(if $(filter yes,$(CHECK)),--check)

format:  ## lay out the sources
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh --lint)
	git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-14 -i

lint:  ## is every source laid out as `make format` would?
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh --lint)
	git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-14 --dry-run -Werror

tidy:  ## clang-tidy over every source (many minutes)
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh --tidy)
	scripts/tidy $(BUILD)-tidy

clean:  ## remove what was built
	rm -rf $(BUILD) $(BUILD)-alone $(BUILD)-tidy $(BUILD)-fuzz $(BUILD)-asan $(BUILD)-tsan

install: build  ## into DESTDIR/PREFIX
	install -D -m 0755 $(BUILD)/bin/lepton-operator $(DESTDIR)$(PREFIX)/bin/lepton-operator
	install -D -m 0755 $(BUILD)/bin/kubectl-lepton $(DESTDIR)$(PREFIX)/bin/kubectl-lepton
	$(BUILD)/bin/kubectl-lepton completion kubectl >$(BUILD)/kubectl_complete-lepton
	install -D -m 0755 $(BUILD)/kubectl_complete-lepton $(DESTDIR)$(PREFIX)/bin/kubectl_complete-lepton
	install -D -m 0755 $(BUILD)/bin/lepton-sim $(DESTDIR)$(PREFIX)/bin/lepton-sim
	install -D -m 0644 manifests/catalogue.yaml $(DESTDIR)$(PREFIX)/share/lepton-operator/catalogue.yaml

image: build  ## container images of operator and simulator, as archives in build/; needs neither daemon nor network
	$(if $(filter no,$(DEPS)),,scripts/install-deps.sh --image)
	scripts/image $(BUILD) $(REPOSITORY) $(TAG)

e2e: build  ## image, chart, a real node and a real Prometheus, from installation to uninstallation (root; ~90 s)
	tests/e2e/run --build $(BUILD)

help:  ## this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

deps:
	$(if $(filter no,$(DEPS)),,@scripts/install-deps.sh)

$(BUILD)/build.ninja: | deps
	cmake -S . -B $(BUILD) -G Ninja $$(command -v ccache >/dev/null && echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache) $(CMAKE_ARGS)
