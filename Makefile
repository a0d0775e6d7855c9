# Oken Runner. Every target does the set-up it needs; `make` alone lists them.

SHELL := bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup setup-to-run env build release run demo check fix docs hooks test test-unit soak bench lab lab-down clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

setup: ## install what is missing: Bun, packages, a Docker engine, images, a browser, Prometheus
	@scripts/setup

# Whoever wants to see a runner need not wait for what tests need.
setup-to-run:
	@scripts/setup --to-run

env: ## print the export lines that a shell needs to run the binary by hand
	@scripts/env

build: setup-to-run ## compile dist/oken-runner
	@scripts/build

release: setup ## compile dist/release for every target, with packages, checksums and a bill of materials
	@scripts/release

run: build ## build, then serve on 127.0.0.1:8000
	@exec scripts/with-env dist/oken-runner serve

demo: build ## deploy two agents of examples/ to a runner of its own, and invoke them
	@exec scripts/with-env scripts/demo

check: setup ## format, types, lint, dead code and unused dependencies
	@scripts/check

fix: setup ## repair format and lint where that can be done
	@scripts/fix

docs: setup ## write what the code says into the generated parts of the documents
	@scripts/docs

hooks: ## have git run the quick checks before each commit
	git config core.hooksPath .githooks

test: ## check, build, and run every test; ends with "N passed, N failed"
	@scripts/test

test-unit: setup ## run the tests that need no engine, and print their coverage
	@exec scripts/with-env scripts/bun-tests unit

soak: setup build ## run for about an hour: heavy frameworks, a million odd archives, every life of an agent many times
	@exec scripts/with-env scripts/soak

bench: setup build ## measure deploys and invokes beside the same steps done by hand
	@exec scripts/with-env scripts/bench

lab: setup ## bring up several hosts on this one: three engines that are one swarm, and a registry
	@scripts/lab up

lab-down: ## take the lab down
	@scripts/lab down

clean: ## remove what was built; the tools and images stay
	rm -rf dist coverage
