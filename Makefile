# Everything a newcomer types; `make` alone lists it. What it installs stays in .venv/ and .makegood/.

UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv),.makegood/uv/bin/uv)
RUN := $(UV) run --no-sync

# `make demo FROM=claims.jsonl SEED=7` gives `--from claims.jsonl --seed 7`: only what is set is passed on.
option = $(if $($(1)),--$(2) "$($(1))")

.DEFAULT_GOAL := help
.PHONY: help demo test faults check up down bench mutants decisions simulate sync

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: sync ## Watch claims travel from submission to recovery (FROM= CLAIMS= SEED= REPORT= OUTCOMES= STACK= CHAOS= …)
	@$(RUN) makegood demo $(call option,FROM,from) $(call option,CLAIMS,claims) $(call option,SEED,seed) \
		$(call option,REPORT,report) $(call option,OUTCOMES,outcomes) $(call option,STACK,stack) \
		$(call option,DAY,day) $(call option,RATE,rate) $(call option,REPLICAS,replicas) $(call option,CHAOS,chaos)

test: sync ## Run every test but the long ones, on a real Kafka and a real PostgreSQL
	@$(UV) run --locked --group bench pytest

faults: sync ## Run the long ones: kill, freeze, cut and fill everything (times in .makegood/faults); every bad input everywhere
	@$(RUN) pytest tests/faults tests/hostile -m 'thorough or not thorough'

check: sync ## Check format, style and types
	@$(RUN) ruff format --check
	@$(RUN) ruff check
	@$(RUN) pyright

up: sync ## Start the local Kafka, PostgreSQL and mail server, and leave them running (STACK=)
	@$(RUN) makegood up $(call option,STACK,stack)

down: sync ## End what `make up` left running
	@$(RUN) makegood down

simulate: sync ## Try seeds of the whole house in virtual time (SEEDS= FROM= TRACE= JOBS=)
	@$(RUN) makegood simulate $(call option,SEEDS,seeds) $(call option,FROM,from) $(call option,TRACE,trace) \
		$(call option,JOBS,jobs)

bench: sync ## Measure speed and CPU: routes and limit, or WHAT= (CLAIMS= ROUNDS= JSON=; SHORT=yes: only whether all runs)
	@$(RUN) makegood bench $(WHAT) $(call option,CLAIMS,claims) $(call option,ROUNDS,rounds) $(call option,JSON,json) \
		$(if $(SHORT),--short)

mutants: sync ## Remove each safeguard in turn and see that its tests fail (NAME=)
	@$(RUN) python -m tests.mutants $(if $(NAME),"$(NAME)")

decisions: sync ## Mutate every decision of a service, or of all, and count what its tests do not notice (SERVICE=)
	@$(UV) run --locked --group mutants python -m tests.mutants.decisions $(SERVICE)

sync: $(UV)
	@$(UV) sync --locked --inexact --quiet

# For machines without uv: one of our own, in a place of its own.
.makegood/uv/bin/uv:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'makegood needs Python 3.11 or newer as python3: install it (Debian: apt-get install python3).' >&2; exit 1; }
	@python3 -m venv --clear .makegood/uv >/dev/null || \
		{ echo 'python3 cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv).' >&2; exit 1; }
	@.makegood/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
