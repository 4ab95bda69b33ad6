# Needs make and Python 3.11 or newer; the local stack also Java 17 or newer and Maven. Everything else is installed
# into this checkout: .venv/ (libraries), .printworks/ (servers, data of running stacks), demo-output/.
# PYTHON=… chooses the interpreter, ONCE=1 and JSON=path are for the demo, SHOPS_FILE=path for `make up`, ARGS=… is
# passed on to pytest.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(if $(shell command -v $(name)),$(name))))
BIN := .venv/bin
LOCAL := .venv/.installed-local
DEV := .venv/.installed-dev
PROJECTS := pyproject.toml $(wildcard libs/*/pyproject.toml services/*/pyproject.toml)
EDITABLES := $(patsubst %/pyproject.toml,-e %,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml))
CODE := libs services tests bench deploy/images
PEERS := .printworks/peers
AUDIT := .printworks/audit
# Two processes, each with a stack of its own where tests need one. Not in the order of xdist, which leaves files of few
# and long tests to the end.
BY_FILES := -n 2 --dist loadfile --no-loadscope-reorder
MINIO := .printworks/minio/bin/minio
MINIO_VERSION := v0.0.0-20260212201848-7aac2a2c5b7c

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A test starts many processes: each would compile every library anew.
unexport PYTHONDONTWRITEBYTECODE
# pyright runs on the Node.js of the lock and looks for nothing newer.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help install demo up down test unit repository simulate simulate-short integration e2e faults faults-long faults-short failpoints defects test-minio fuzz lint format types imports generated chart audit sbom ci lock \
	bench-overhead bench-flow retention-kills bench-retention bench-ingest bench-render bench-export shopify-app bench-writer bench-chaos bench-jobs-api bench-rebuild bench-hostile bench-flash bench-claims bench-scaling soak clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(LOCAL) ## Orders on their whole way, from signed webhook to files (ONCE=1 ends by itself, JSON=path writes the result, IMAGES=1 from images)
	@exec $(BIN)/printworks-local demo $(if $(ONCE),--once) $(if $(IMAGES),--images) $(if $(JSON),--json "$(JSON)")

up: $(LOCAL) ## Stack and services in the foreground until Ctrl-C; addresses in .printworks/stack.json (SHOPS_FILE=path: your shops)
	@exec $(BIN)/printworks-local up $(if $(SHOPS_FILE),--shops-file "$(SHOPS_FILE)")

down: $(LOCAL) ## End what is left of `make up`
	@$(BIN)/printworks-local down

test: unit repository simulate-short integration e2e faults-short ## All tests

unit: $(DEV) ## Tests of pure code, in seconds
	$(BIN)/pytest tests/unit $(BY_FILES) $(ARGS)

repository: $(DEV) ## What the repository holds besides code: documentation, lock files, pinned downloads
	$(BIN)/pytest tests/repository $(ARGS)

simulate: $(DEV) ## A million simulated orders and 10,000 lives of the state machines, more than an hour (ARGS="--orders 20000", "--seed 7/4711")
	$(if $(ARGS),,PRINTWORKS_TEST_MACHINE_EXAMPLES=10000 $(BIN)/pytest tests/simulator)
	$(BIN)/python -m tests.simulator $(or $(ARGS),--orders 1000000)

simulate-short: $(DEV) ## The same in seconds, and that broken decisions are found
	$(BIN)/pytest tests/simulator

integration: $(DEV) ## Tests on real parts: PostgreSQL, Kafka, S3, Chromium (STACK=containers or external: not ours)
	$(BIN)/pytest tests/integration $(if $(filter-out local,$(STACK)),,$(BY_FILES)) $(ARGS)

e2e: $(DEV) ## Tests of the whole way, all services as processes
	$(BIN)/pytest tests/e2e $(ARGS)

faults: $(DEV) ## Faults in the whole system under seeded traffic, every promise checked (ARGS="--seed 7 --only kill"; 10 minutes)
	$(BIN)/python -m tests.faults $(ARGS)

faults-long: $(DEV) ## The same with as many orders and faults as are promised; hours
	$(BIN)/python -m tests.faults --form long $(ARGS)

faults-short: $(DEV) ## The same in a few minutes, as tests
	$(BIN)/pytest tests/faults $(ARGS)

failpoints: $(DEV) ## Deaths at every boundary between two steps, 20 times each, every promise checked (ARGS="--times 1 --only shopify-writer"; 45 minutes)
	$(BIN)/python -m tests.faults.failpoints $(ARGS)

defects: $(DEV) ## Seeded defects in a copy of the code: does the proof notice them? (ARGS="--only tag"; half an hour)
	$(BIN)/python -m tests.faults.defects $(ARGS)

fuzz: $(DEV) ## Mutated bytes into the readers of pictures, webhooks, templates, properties; exit 1 and the bytes kept in .printworks/fuzz/ (ARGS="--seconds 60 --seed 7")
	$(BIN)/python -m tests.fuzz $(ARGS)

test-minio: $(DEV) ## The tests of storage on a MinIO server (needs Go, which builds the server: about 4 minutes the first time)
	@test -x $(MINIO) || command -v go >/dev/null || { echo "no Go here: it builds the MinIO server" >&2; exit 1; }
	test -x $(MINIO) || GOBIN=$(CURDIR)/$(dir $(MINIO)) go install github.com/minio/minio@$(MINIO_VERSION)
	$(BIN)/python -m tests.on_minio $(MINIO) $(ARGS)

lint: $(DEV) ## Style and format of the code
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: $(DEV) ## Format the code
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(DEV) ## Types, strictly
	$(BIN)/pyright

imports: $(DEV) ## Who may import whom
	$(BIN)/lint-imports --no-cache

generated: $(DEV) ## Made files are up to date: schemas of the events, OpenAPI (compatible with the ones before), the chart's
	$(BIN)/python -m printworks_common.events.generate --check
	$(BIN)/python -m printworks_jobs_api.openapi --check
	$(BIN)/python -m printworks_local.chart --check
	$(BIN)/python -m tests.chart.golden --check

shopify-app: ## The block for the Shopify admin: types and tests (Node.js 20 or newer; nothing else here needs it)
	@if command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then cd deploy/shopify-app && npm ci --ignore-scripts --no-audit --no-fund --silent \
		&& npm run --silent types && npm test --silent; \
	else echo "no npm with Node.js 20 or newer here: the block for the Shopify admin is not checked"; fi

chart: $(DEV) ## The Helm chart without a cluster: lint, scenarios, schemas of Kubernetes, policies (KUBECONFIG=…: also on it)
	$(BIN)/pytest tests/chart $(BY_FILES) $(ARGS)

images: $(LOCAL) ## Build an image per service and start each role from it (BASE_IMAGE=… where no registry is at hand)
	@exec $(BIN)/printworks-local images

audit: $(DEV) ## Known vulnerabilities of everything locked; exit 1 when there are some, 3 when the database cannot be asked (not part of ci)
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && $(AUDIT)/bin/pip install --quiet --no-deps --require-hashes -r requirements/audit.txt; }
	@$(BIN)/python -m printworks_local.audit $(AUDIT)/bin/pip-audit; code=$$?; test $$code -eq 0 || exit $$code

sbom: $(DEV) ## Bills of materials (CycloneDX) of every service from its lock file and the files of others in it, into .printworks/sbom/
	$(BIN)/python deploy/images/sbom.py --locked .printworks/sbom

ci: lint types imports generated chart shopify-app test ## All checks and tests; leaves nothing running
	@$(BIN)/printworks-local down

bench-overhead: $(DEV) ## Milliseconds from webhook to tag, without the render, over 200 quiet orders
	$(BIN)/python bench/overhead.py

bench-flow: $(DEV) ## 500 orders as fast as ingest takes them, every invariant checked from outside
	$(BIN)/python bench/flow_500.py

bench-render: $(DEV) ## The engine beside its peers: kits, photo prints, scaling (installs the peers; needs Node.js for one of them)
	test -x $(PEERS)/bin/strokemap || { $(PYTHON) -m venv $(PEERS) && $(PEERS)/bin/pip install --quiet --no-deps --require-hashes -r requirements/peers.txt; }
	$(BIN)/python bench/render/diamond_bench.py --peers $(CURDIR)/$(PEERS)
	$(BIN)/python bench/render/numbers_bench.py --peer --strokemap $(CURDIR)/$(PEERS)/bin/python --hostile
	$(BIN)/python -m bench.render.photo
	$(BIN)/python -m bench.render.scaling

bench-hostile: $(DEV) ## Every odd and hostile picture through a render process of workers: outcome, seconds, memory; exit 1 beyond 30 s, 1 GB (ARGS="--only heic")
	$(BIN)/python -m bench.hostile $(ARGS)

bench-export: $(DEV) ## 5,000 files and 5 GB loaded whole and cut at 20 places: sha256, memory (ARGS="--files 500 --kilobytes 100")
	$(BIN)/python bench/export.py $(ARGS)

retention-kills: $(DEV) ## A purge of 10,000 objects killed 50 times: the audit is what the bucket has lost
	PRINTWORKS_TEST_PURGE_ORDERS=3334 PRINTWORKS_TEST_PURGE_KILLS=50 $(BIN)/pytest tests/integration/retention/test_process.py -k killed

bench-retention: $(DEV) ## A purge of 10,000 objects among few and many, beside bare deletes and a scan by age (ARGS="--live 10000 1000000")
	$(BIN)/python bench/retention.py $(ARGS)

bench-jobs-api: $(DEV) ## Lists and searches among up to a million print jobs beside bare SQL, plans asserted; projector speed (ARGS="--jobs 10000")
	$(BIN)/python bench/jobs_api/jobs_api_bench.py $(ARGS)

bench-rebuild: $(DEV) ## The read model made anew through a real topic, beside the projector's way; minutes for a million (ARGS="--orders 200000")
	$(BIN)/python bench/jobs_api/rebuild_bench.py $(ARGS)

bench-ingest: $(DEV) ## The receiver at full speed beside bare handlers; its CPU per webhook and where it goes
	$(BIN)/python bench/ingest/ingest_bench.py

bench-writer: $(DEV) ## A flash sale in four shops: points used, requests and points per order, orders wrong (about 4 minutes)
	$(BIN)/python bench/writer/flash_sale.py $(ARGS)

bench-chaos: $(DEV) ## 10,000 orders that change while webhooks are lost, doubled, mixed and late: every order ends right
	$(BIN)/python bench/chaos.py $(ARGS)

bench-flash: $(DEV) ## 5,000 orders in 180 seconds while it renders: every answer of the webhook door timed, none lost (ARGS="--orders 1400 --seconds 50")
	$(BIN)/python bench/load/flash_sale.py $(ARGS)

bench-claims: $(DEV) ## Milliseconds of a dispatcher's claim among 100 to 100,000 waiting jobs, beside ranking all of them
	$(BIN)/python -m bench.claims

bench-scaling: $(DEV) ## Jobs a second with 1, 2 and 4 workers at a simulated cost, with 1 and 2 at real renders
	$(BIN)/python bench/load/scaling.py $(ARGS)

soak: $(DEV) ## Two orders a second for an hour: memory, open files and latency stay where they are (ARGS="--minutes 10")
	$(BIN)/python bench/load/soak.py $(ARGS)

lock: $(DEV) ## Make the lock files of requirements/ from the pyproject.toml files (UPGRADE=1: newest versions)
	@UPGRADE=$(UPGRADE) requirements/lock.sh

install: $(DEV) ## Libraries and tools into .venv

clean: ## Remove what was installed and written here
	rm -rf .venv .printworks demo-output .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

# Only what runs: the demo does not wait for the tools of developers. A file is compiled when it is first imported.
$(LOCAL): requirements/local.txt $(PROJECTS) | .venv/bin/python
	@echo "installing $$(grep -c '==' $<) libraries (requirements/local.txt) and this workspace into .venv"
	@$(PIP) install --no-deps --require-hashes --no-compile -r $<
	@$(PIP) install --no-deps --no-build-isolation $(EDITABLES)
	@touch $@

$(DEV): requirements/dev.txt $(LOCAL) | .venv/bin/python
	@echo "installing the tools for tests and checks (requirements/dev.txt) into .venv"
	@$(PIP) install --no-deps --require-hashes --no-compile -r $<
	@touch $@
