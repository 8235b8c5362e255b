# `make help` lists what there is. Python 3.10 or newer and make are all that is needed; environments set themselves up.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .venv/uv/bin/uv
MAIN := .venv/main/bin/python
EMULATOR := .venv/emulator/bin/python
TASKCAT := .venv/taskcat/bin/python
ENVIRONMENTS := main emulator taskcat
WHERE = --bucket "$(BUCKET)" --region "$(REGION)" --profile "$(PROFILE)" $(if $(PREFIX),--prefix "$(PREFIX)")
GENERATOR := $(MAIN) -m generator
# Availability Zones: 2 to 4. Another number than 2 has folders of its own, here and in a published release.
ZONES ?= 2
ACCOUNT = --region "$(REGION)" --profile "$(PROFILE)"
ASK = $(GENERATOR) $@ $(ACCOUNT)
# By name and first line, so that a tree without git, and a script that is new in it, is checked as well.
SHELL_FILES = $$(.venv/main/bin/shfmt --detect=all --find .)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help templates lint package publish launch-links release release-check preflight why status leftovers quick test bench bench-image local local-down taskcat taskcat-local check timing lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

templates: $(MAIN) ## Write build/ and the documents that derive from it, and lint in every supported region [ZONES=2]
	@$(GENERATOR) build --lint --zones "$(ZONES)"

lint: $(MAIN) ## Lint the templates alone [ZONES=2]
	@$(GENERATOR) lint --zones "$(ZONES)"

package: templates ## Write the release's files (templates, Lambda layer, node bundles, SHA256SUMS) to dist/ [ZONES=2]
	@$(GENERATOR) package --zones "$(ZONES)"

publish: bucket-is-named $(MAIN) ## Lint and publish the release: BUCKET=name [REGION= PROFILE= PREFIX=hpc-portal/ ZONES=2 PARAMETERS=answers for the links]
	@$(GENERATOR) publish $(WHERE) --zones "$(ZONES)" $(if $(PARAMETERS),--parameters "$(PARAMETERS)")

launch-links: bucket-is-named $(MAIN) ## Write the README's table of launch links to a published release: BUCKET=name [as publish]
	@$(GENERATOR) links $(WHERE)

release: $(MAIN) ## Cut a release, whole or not at all: check, version, changelog, rebuild, commit and tag: VERSION=x.y.z
	@$(GENERATOR) release --version "$(VERSION)"

release-check: $(MAIN) ## Check that this commit is the release that its tag names: VERSION=x.y.z
	@$(GENERATOR) release --check --version "$(VERSION)"

# Before an environment is set up for nothing.
bucket-is-named:
	@test -n "$(BUCKET)" || { echo "No bucket is named: give BUCKET=name." >&2; exit 1; }

preflight: $(MAIN) ## Check a launch against an account; creates nothing: PARAMETERS=parameters/minimal.json REGION=name [PROFILE= STACK= ZONES=2]
	@$(ASK) --zones "$(ZONES)" --parameters "$(or $(PARAMETERS),parameters/minimal.json)" $(if $(STACK),--stack "$(STACK)")

why: $(MAIN) ## Tell the first cause of a failed launch, update or delete, with its log: STACK=name [REGION= PROFILE=]
	@$(ASK) --stack "$(STACK)"

status: $(MAIN) ## Watch a launch, update or delete, with all nested stacks, until it ends: STACK=name [REGION= PROFILE=]
	@$(ASK) --stack "$(STACK)"

leftovers: $(MAIN) ## List what deleted deployments left, and how to remove it; deletes nothing: [REGION= PROFILE= STACK=name]
	@$(ASK) --stack "$(STACK)"

quick: $(MAIN) ## Check style and types, and run the quick tests of generator and functions, in a minute
	@$(MAIN) -m ruff format --check
	@$(MAIN) -m ruff check
	@$(MAIN) -m mypy
	@$(MAIN) -m pytest -n auto --dist loadfile -m "not slow" tests/generator lambda

# By file: the tests of one file may share a deployment, and change it one after the other. In order: the longest test is
# alone in its file, and would come last by itself if files went by their number of tests.
test: $(MAIN) $(EMULATOR) ## Run all tests but the bench
	@echo "Left out: the nodes' scripts on real machines (make bench)."
	@$(MAIN) -m pytest -n auto --dist loadfile --no-loadscope-reorder

bench: $(MAIN) $(EMULATOR) ## Run the nodes' scripts on machines of this host, with real Slurm and MariaDB (root; Debian's packages) [TESTS=]
	@$(MAIN) -m tests.bench.run $(TESTS)

bench-image: $(MAIN) ## Make the image of the bench's machines, or take the one that is there
	@$(MAIN) -m tests.bench.run --image

local: $(MAIN) $(EMULATOR) ## Deploy the whole stack on an emulator on this machine [ZONES=2]
	@$(MAIN) -m tests.emulator.local up $(if $(ZONES),--zones "$(ZONES)")

local-down: $(MAIN) $(EMULATOR) ## Delete the local deployment and stop its emulator
	@$(MAIN) -m tests.emulator.local down

taskcat: templates $(TASKCAT) ## Launch the scenarios of .taskcat.yml in your AWS accounts [TESTS=minimal,production REGIONS=us-east-1 OVERRIDES=file ZONES=2]
	@rm -rf .cache/taskcat
	@$(GENERATOR) taskcat --stage .cache/taskcat --zones "$(ZONES)" --tests "$(TESTS)" --regions "$(REGIONS)" $(if $(OVERRIDES),--overrides "$(OVERRIDES)")
	@cd .cache/taskcat && "$(CURDIR)/$(TASKCAT)" "$(CURDIR)/tests/emulator/taskcat_run.py" test run \
	  --input-file "$(CURDIR)/.cache/taskcat/.taskcat.yml" --project-root "$(CURDIR)/.cache/taskcat" --output-directory "$(CURDIR)/taskcat_outputs" \
	  --lint-disable $(if $(TESTS),--test-names "$(TESTS)") $(if $(REGIONS),--regions "$(REGIONS)")

taskcat-local: $(MAIN) $(EMULATOR) $(TASKCAT) ## Launch the scenarios with taskcat on an emulator on this machine [TESTS= REGIONS= ZONES=2]
	@$(MAIN) -m tests.emulator.taskcat_local --tests "$(TESTS)" --regions "$(REGIONS)" $(if $(ZONES),--zones "$(ZONES)")

check: $(MAIN) ## Check style, types, shell scripts and that build/ is fresh
	@$(MAIN) -m ruff format --check
	@$(MAIN) -m ruff check
	@$(MAIN) -m mypy
	@.venv/main/bin/shfmt --diff $(SHELL_FILES)
	@.venv/main/bin/shellcheck $(SHELL_FILES)
	@$(GENERATOR) check

timing: $(MAIN) ## Time the generator against the import of troposphere
	@$(MAIN) benchmarks/generation.py

lock: $(UV) $(MAIN) ## Pin the newest versions that setup.cfg and requirements/*.in allow, and the certificate function's packages
	@$(UV) pip compile --quiet --universal --python-version 3.10 --no-header --all-extras --upgrade setup.cfg -o requirements/main.txt
	@$(UV) pip compile --quiet --universal --python-version 3.10 --no-header --upgrade requirements/emulator.in -o requirements/emulator.txt
	@$(UV) pip compile --quiet --universal --python-version 3.10 --no-header --upgrade requirements/taskcat.in -o requirements/taskcat.txt
	@$(UV) pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-header --upgrade requirements/bench.in -o requirements/bench.txt
	@$(GENERATOR) pin

clean: ## Remove environments, caches, dist/ and what is for another number of zones, not build/
	@rm -rf .venv .cache dist dist-zones-* build-zones-* .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Set-up. An environment is made when it is missing, when its pins have changed, and when PYTHON names another Python.
SET_UP = PYTHON="$(PYTHON)" UV="$(UV)" UV_VERSION="$(UV_VERSION)" sh requirements/set-up.sh

$(UV):
	@$(SET_UP) uv

$(ENVIRONMENTS:%=.venv/%/bin/python): .venv/%/bin/python: .venv/%/pinned
	@test -x $@ || AGAIN=yes $(SET_UP) $*

$(ENVIRONMENTS:%=.venv/%/pinned): .venv/%/pinned: requirements/%.txt | $(UV)
	@$(if $(filter $@,$(OTHER_PYTHON)),AGAIN=yes) $(SET_UP) $*

ifneq ($(origin PYTHON),file)
WHICH := -c 'import sys; print(sys.base_prefix, sys.version)'
OTHER_PYTHON := $(shell named=$$($(PYTHON) $(WHICH) 2>&1); for name in $(ENVIRONMENTS); do \
  python=.venv/$$name/bin/python; test -x $$python || continue; \
  test "$$($$python $(WHICH))" = "$$named" || echo .venv/$$name/pinned; done)
.PHONY: $(OTHER_PYTHON)
endif
