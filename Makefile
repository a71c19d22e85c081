# The commands of this project. Each installs what it needs, needs no variable set, and leaves nothing running but `up`.
# ARGS="…" hands more arguments to demo, load, fuzz, simulate, chaos, bench and test.

.DEFAULT_GOAL := help
.PHONY: help demo test test-cluster test-payments fuzz fuzz-short infra-test infra-test-short simulate reconcile-load up down status load chaos bench bench-loadtest rolling rolling-short drill capacity images-test compose-test observability build web test-web shots lint format clean

help: ## lists these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

demo: ## a flash on-sale on a private Onsale, start to end, with its audit
	@scripts/demo $(ARGS)

test: ## every test, on private servers
	@scripts/test $(ARGS)

test-cluster: ## the tests of whole sales, and those of clusters, on a Redis Cluster
	@ONSALE_TEST_REDIS=cluster scripts/test --filter 'IntegrationTests|Cluster' $(ARGS)

test-payments: ## 5,000 orders paid at a provider that declines, fails and falls silent; its books are audited
	@ONSALE_PAYMENT_ORDERS=5000 scripts/test --filter PaymentSuiteTests $(ARGS)

fuzz: ## asks whatever openapi.yaml allows and much that it does not, as nobody, buyer and administrator
	@scripts/fuzz $(ARGS)

fuzz-short: ## the same in two minutes, of the programs that make test has built
	@ONSALE_BIN_DIR=$(CURDIR)/.build/debug scripts/fuzz --examples 5 --seed 1

infra-test: ## makes what infra/terraform describes at an emulator of AWS, and destroys it
	@scripts/test-infra $(ARGS)

infra-test-short: ## the same of the environment dev alone, skipped where there is no Terraform
	@scripts/test-infra --if-possible dev

reconcile-load: ## a minute of full load with Redis compared to Postgres all the time
	@ONSALE_RECONCILE_SECONDS=60 scripts/test --filter ReconcileTests/underLoad

simulate: ## 10,000 simulated sales with faults; ARGS="--seed N" runs one again and prints it
	@scripts/simulate $(ARGS)

up: ## starts Onsale on port 8080 (HTTP_PORT) and keeps it running
	@scripts/setup
	@scripts/build
	@scripts/stack up

down: ## stops it
	@scripts/stack down

status: ## tells what of it runs
	@scripts/stack status

load: ## load on the Onsale that is up; ARGS: a scenario file, or arguments of `loadtest onsale`
	@scripts/load $(ARGS)

chaos: ## three minutes of a sale whose parts are killed, stopped and cut off, with its audit
	@scripts/chaos $(ARGS)

bench: ## measures, three times each, and compares with direct designs
	@scripts/bench $(ARGS)

bench-loadtest: ## what the load generator itself costs, beside wrk
	@scripts/bench-loadtest $(ARGS)

rolling: ## restarts gateways and workers in mid-sale, behind HAProxy, and expects nobody to notice
	@scripts/rolling $(ARGS)

rolling-short: ## the same for a minute and a quarter, of the programs that make test has built
	@ONSALE_BIN_DIR=$(CURDIR)/.build/debug scripts/rolling --seconds 75 --rate 60

drill: ## a restore drill: dump, loss, restore, Redis rebuilt, books compared
	@scripts/drill

capacity: ## what an order costs: processor time, memory of Redis, growth of Postgres
	@scripts/capacity $(ARGS)

observability: ## every dashboard query and alert asked of a real Prometheus that scrapes a sale
	@scripts/observability $(ARGS)

images-test: ## builds the container images without an engine, and runs a sale out of them (needs root)
	@scripts/images-test $(ARGS)

compose-test: ## docker-compose.yml and Dockerfile against the specification and the programs
	@scripts/compose-test

build: ## builds the programs for release
	@scripts/setup
	@scripts/build

web: ## checks and builds the web app, and tests its logic
	@scripts/web --check

test-web: ## the web app in a headless Chromium, on a private Onsale
	@scripts/test-web $(ARGS)

shots: ## pictures of every view of the web app, into docs/screenshots
	@scripts/test-web --shots $(ARGS)

lint: ## checks the format of the code and the scripts
	@scripts/lint

format: ## formats the code
	@scripts/lint --fix

clean: down ## stops Onsale and removes everything that was built or written
	@rm -rf .build .local
