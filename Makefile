# keyledger: `make help` lists what can be done. Each target does its own set-up.

# Cargo is found also where the shell has not read rustup's profile yet, as under cron and in CI.
export PATH := $(HOME)/.cargo/bin:$(PATH)

# What a build needs beyond Rust: a C compiler and its headers, for SQLite and the cryptography of TLS.
PACKAGES := gcc libc6-dev ca-certificates
CARGO_DENY := 0.20.2
# More flags for `keyledger serve`: make run ARGS='--data-dir /var/lib/keyledger'
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test format lint deny build soak bench

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 15

setup: ## what a build needs, through apt where root or sudo is at hand
	@command -v cargo >/dev/null || { \
		echo 'Rust is missing. Install it from https://rustup.rs and run this again.' >&2; exit 1; }
	@printf '#include <stdio.h>\n' | cc -x c -fsyntax-only - 2>/dev/null && exit 0; \
	if ! command -v apt-get >/dev/null; then \
		echo 'A C compiler with its headers is missing. Install $(PACKAGES) and run this again.' >&2; exit 1; \
	elif [ "$$(id -u)" = 0 ]; then as=; \
	elif sudo -n true 2>/dev/null; then as='sudo -n'; \
	else \
		echo 'Run this once, and then this again:' >&2; \
		echo '  sudo apt-get update && sudo apt-get install -y $(PACKAGES)' >&2; exit 1; \
	fi; \
	$$as apt-get update && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y $(PACKAGES)

run: setup ## build the registry and serve it on this machine
	cargo run --release --locked -p keyledger --bin keyledger -- serve $(ARGS)

test: format lint deny build ## everything that must hold before a change is taken
	cargo test --workspace --locked
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

soak: build ## the long runs of faults and attackers; each prints its seed
	KEYLEDGER_SOAK=1 cargo test --locked -p keyledger-tests --test faults --test attackers -- \
		--nocapture --test-threads=1

bench: setup ## the benchmarks of docs/performance.md, as ratios
	cargo run --release --locked -p keyledger-tests --bin bench
