# Every target installs what it needs first, and asks nothing.

SHELL := /bin/bash
SWIFT_RELEASE := swift build -c release --static-swift-stdlib
MAN_DIRECTORY ?= man
SWIFT_DEBUG_FLAGS := --explicit-target-dependency-import-check error

.DEFAULT_GOAL := help
.PHONY: help build up test test-swift test-integration lint format proto bench bench-store bench-console fuzz crash search-proof causes trace-proof permutation crash-seals corrupt corrupt-store power outage soak \
	man screenshots test-thread test-address clean dependencies test-dependencies

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: dependencies ## Build the release programs into .build/release/ (static Swift standard library).
	@$(SWIFT_RELEASE)

up: build ## Start collector, sidecar and a living demo; print the console's address; Ctrl-C stops all.
	@exec .build/release/hms-ops up --demo $(UP_FLAGS)

test: build test-swift test-integration ## Run all tests: units, then integration tests against the release programs.

test-swift: dependencies ## Run the Swift tests alone.
	@swift test $(SWIFT_DEBUG_FLAGS) $(TEST_FLAGS)

test-integration: test-dependencies build ## Run the integration tests alone (PYTEST_FLAGS='-k name' picks some).
	@scripts/integration-tests $(PYTEST_FLAGS)

lint: dependencies ## Check format, imports, generated code, scripts, the sidecar's linkage and tidiness.
	@scripts/check.sh

format: dependencies ## Format all Swift sources in place.
	@swift format format --in-place --parallel --recursive Sources Tests examples Package.swift

proto: dependencies ## Generate the C code of proto/ again.
	@scripts/generate-protobuf

bench: test-dependencies build ## Measure CPU per span, memory and UDP loss; print them beside the floors.
	@scripts/bench $(BENCH_FLAGS)

bench-store: test-dependencies build ## Fill a store with 20 M spans and measure reading, searching, starting (5 min; BENCH_FLAGS='--spans 2M').
	@.venv/bin/python scripts/bench-store $(BENCH_FLAGS)

bench-console: test-dependencies build ## Open, search and scroll traces of a million spans in a real browser and measure the waiting (4 min; BENCH_FLAGS='--spans 100k').
	@.venv/bin/python scripts/bench-console $(BENCH_FLAGS)

fuzz: dependencies ## Fuzz wire scanner, refiner, metric texts and the store's files with coverage guidance and address sanitizer (FUZZ_SECONDS=600 is the default).
	@scripts/fuzz $(or $(FUZZ_SECONDS),600)

crash: test-dependencies build ## Kill sidecar and collector 500 times each under load; nothing lost or doubled, ledgers exact (9 min).
	@.venv/bin/python scripts/prove-crash $(CRASH_FLAGS)

crash-seals: test-dependencies build ## Kill the collector 1,000 times amid seals and retention; only what was deleted is gone (5 min).
	@.venv/bin/python scripts/prove-crash --cycles 0 --seals 1000 $(CRASH_FLAGS)

power: dependencies ## Cut the power 20,000 times under a store (POWER_CUTS=N); what was not synchronized is lost or torn.
	@seed=$(or $(SEED),$$RANDOM); echo "seed $$seed"; HMS_POWER_CUTS=$(or $(POWER_CUTS),20000) HMS_SEED=$$seed \
		swift test $(SWIFT_DEBUG_FLAGS) --filter PowerCutTests

corrupt-store: dependencies ## Damage 1,000 stores (CORRUPT_STORES=N) at random places; exactly what was hit is reported and lost.
	@seed=$(or $(SEED),$$RANDOM); echo "seed $$seed"; HMS_CORRUPT_STORES=$(or $(CORRUPT_STORES),1000) HMS_SEED=$$seed \
		swift test $(SWIFT_DEBUG_FLAGS) --filter CorruptStoreTests

corrupt: test-dependencies build ## Start the sidecar on 1,000 damaged spools; every span delivered once or counted as lost (2 min).
	@.venv/bin/python scripts/prove-corruption $(CORRUPT_FLAGS)

search-proof: dependencies ## Ask 10,000 random queries of random stores and of every trace by itself; the answers are the same (5 min).
	@HMS_SEARCH_QUERIES=250 swift test $(SWIFT_DEBUG_FLAGS) --filter SearchPropertyTests

causes: dependencies ## Make one thing slow in each of 60 pairs of populations; the comparison names it first in nearly all (3 min).
	@HMS_CAUSES=15 swift test $(SWIFT_DEBUG_FLAGS) --filter PopulationTests

trace-proof: dependencies ## Put 10,000 random traces in order for each property of trees, paths and times (2 min).
	@HMS_RANDOM_TRACES=10000 swift test $(SWIFT_DEBUG_FLAGS) --filter TraceAssemblyTests

permutation: test-dependencies build ## The same million spans once, three times, shuffled, by three sidecars: the same figures and traces (3 min).
	@.venv/bin/python scripts/prove-permutation $(PERMUTATION_FLAGS)

outage: test-dependencies build ## A collector that is away for 60 s, hostile, or too slow by ten times for 60 s (4 min).
	@.venv/bin/python scripts/prove-outage $(OUTAGE_FLAGS)

soak: test-dependencies build ## The same with ten minutes of overload.
	@.venv/bin/python scripts/prove-outage --overload-seconds 600 $(OUTAGE_FLAGS)

test-thread: dependencies ## Run the Swift tests under the thread sanitizer.
	@swift test --sanitize=thread --scratch-path .build/thread $(TEST_FLAGS)

test-address: dependencies ## Run the Swift tests under the address sanitizer.
	@LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leak-suppressions \
		swift test --sanitize=address --scratch-path .build/address $(TEST_FLAGS)

screenshots: test-dependencies build ## Take the pictures of docs/images/ again (3 min; SCREENSHOT_FLAGS='--only trace' takes some).
	@.venv/bin/python scripts/screenshots $(SCREENSHOT_FLAGS)

man: build ## Write the manual pages of all programs into MAN_DIRECTORY (man/ here; /usr/local/share/man to install them).
	@.build/release/hms-ops man --directory $(MAN_DIRECTORY)
	@for program in hms-sidecar hms-collector; do .build/release/$$program --man >$(MAN_DIRECTORY)/man1/$$program.1; done

clean: ## Remove what was built, and the Python environment.
	@rm -rf .build .venv .pytest_cache

dependencies:
	@scripts/install-dependencies build

test-dependencies:
	@scripts/install-dependencies build test console
	@scripts/python-environment
