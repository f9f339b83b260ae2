# keyledger: `make help` lists what can be done. Each target does its own set-up.

# Cargo is found also where the shell has not read rustup's profile yet, as under cron and in CI.
export PATH := $(HOME)/.cargo/bin:$(PATH)

# What a build needs beyond Rust: compilers and headers, for SQLite, the cryptography of TLS, and the Kafka client, which
# asks for a C++ compiler although it needs none.
PACKAGES := gcc g++ libc6-dev make pkg-config libssl-dev zlib1g-dev ca-certificates
# What the tests need beyond a build: a real Kafka, which Maven fetches and Java runs; a real PostgreSQL; Python; a real
# browser, and what runs beside it, which npm fetches and Node.js runs.
TEST_PACKAGES := default-jre-headless maven python3 python3-venv chromium chromium-driver postgresql
# Node.js from elsewhere often brings npm itself, and cannot lie beside Debian's.
TEST_PACKAGES += $(shell { command -v node && command -v npm; } >/dev/null 2>&1 || echo nodejs npm)
CARGO_DENY := 0.20.2
# More flags for `keyledger serve`: make run ARGS='--data-dir /var/lib/keyledger'
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup testsetup run test format lint deny build soak bench

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 15

setup: ## what a build needs, through apt where root or sudo is at hand
	@command -v cargo >/dev/null || { \
		echo 'Rust is missing. Install it from https://rustup.rs and run this again.' >&2; exit 1; }
	@$(can_build) || { $(call install,$(PACKAGES)); }

# Before `setup`, so that what both need comes at once.
testsetup:
	@$(can_test) || { $(call install,$(PACKAGES) $(TEST_PACKAGES)); }

can_build = { command -v c++ && pkg-config --exists openssl zlib && \
	printf '\#include <%s>\n' stdio.h openssl/ssl.h zlib.h | \
	cc $$(pkg-config --cflags openssl zlib) -x c -fsyntax-only -; } >/dev/null 2>&1

can_test = { java -version && command -v mvn && python3 -c 'import ensurepip, venv' && \
	command -v chromium && command -v chromedriver && command -v node && command -v npm && \
	{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }; } >/dev/null 2>&1

# Packages, through apt where root or sudo is at hand, else the one line to run.
define install
	if ! command -v apt-get >/dev/null; then \
		echo 'Something is missing. Install $(1) and run this again.' >&2; exit 1; \
	elif [ "$$(id -u)" = 0 ]; then as=; \
	elif sudo -n true 2>/dev/null; then as='sudo -n'; \
	else \
		echo 'Run this once, and then this again:' >&2; \
		echo '  sudo apt-get update && sudo apt-get install -y $(1)' >&2; exit 1; \
	fi; \
	$$as apt-get update && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y $(1)
endef

run: setup ## build the registry and serve it on this machine
	cargo run --release --locked -p keyledger --bin keyledger -- serve $(ARGS)

test: testsetup format lint deny build ## everything that must hold before a change is taken
	cargo test --workspace --locked
	@# Once more with the log on PostgreSQL and a process for each role. How listeners speak TLS is the same code.
	KEYLEDGER_TEST_LOG=postgres KEYLEDGER_TEST_ROLES=apart cargo test --workspace --locked --test journeys -- --skip tls::
	@$(deny_installed) || $(say_skipped)

format: setup
	cargo fmt --all --check

lint: setup
	cargo clippy --workspace --all-targets --locked -- -D warnings

# CI installs what is missing; on a person's machine minutes of compiling are not ours to spend.
deny_installed = cargo deny --version >/dev/null 2>&1
say_skipped = printf '\n%s\n%s\n\n' \
	'*** SKIPPED: licences, sources and doubled versions were NOT checked.' \
	'*** To check them too: cargo install cargo-deny --locked --version $(CARGO_DENY)' >&2

deny: setup
	@if ! $(deny_installed) && [ -n "$$CI" ]; then cargo install cargo-deny --locked --version $(CARGO_DENY); fi
	@if $(deny_installed); then cargo deny --locked check bans licenses sources; else $(say_skipped); fi

# The tests start the real binary, so it is built first, with the same features that the tests are built with.
build: setup
	cargo build --workspace --bins --tests --locked

soak: testsetup build ## the long runs of faults and attackers; each prints its seed
	KEYLEDGER_SOAK=1 cargo test --locked -p keyledger-tests --test faults --test attackers -- \
		--nocapture --test-threads=1
	KEYLEDGER_SOAK=1 cargo test --locked -p keyledger-tests --test relay -- faults --nocapture --test-threads=1
	KEYLEDGER_SOAK=1 cargo test --locked -p keyledger-tests --test postgres -- --nocapture --test-threads=1
	@# Those left out count positions, which are no numbers in a row there.
	KEYLEDGER_TEST_LOG=kurrentdb cargo test --locked -p keyledger-tests --test journeys -- \
		--skip events:: --skip live_events:: --skip catalogue::a_change_takes
	KEYLEDGER_SOAK=1 KEYLEDGER_TEST_LOG=postgres cargo test --locked -p keyledger-tests --test faults -- \
		kill_loop shutdown --nocapture --test-threads=1

bench: testsetup ## the benchmarks of docs/performance.md, as ratios
	cargo run --release --locked -p keyledger-tests --bin bench
