# Needs Go, and Node for the pages and the npm clients of the conformance tests;
# whatever else a target needs it installs itself, below the checkout or Go's own cache.

ADDR     ?= 127.0.0.1:3001
DATA     ?= ./picket-data
FUZZTIME ?= 60s
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
ADAPTERS  = $(patsubst %/go.mod,%,$(wildcard adapters/*/go.mod))

# The pages are built into the binary where there is Node to build them with.
UI        = $(shell find ui/src ui/public ui/index.html ui/vite.config.ts ui/svelte.config.js -type f 2>/dev/null)
PAGES     = $(if $(shell command -v npm),$(if $(wildcard ui/package-lock.json),internal/web/dist/index.html))

.DEFAULT_GOAL := help
.PHONY: help run build pages test e2e shots check bench fuzz conformance demo generate

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: build ## build everything and serve on http://127.0.0.1:3001, data in ./picket-data
	./bin/picket serve --dev --addr $(ADDR) --data $(DATA)

build: $(PAGES) ## build bin/picket, with the pages in it where there is Node
	go build -trimpath -ldflags "-s -w" -o bin/picket ./cmd/picket

pages: $(PAGES) ## build the pages from ui/

internal/web/dist/index.html: ui/node_modules/.package-lock.json $(UI)
	npm --prefix ui run build

ui/node_modules/.package-lock.json: ui/package-lock.json
	npm --prefix ui ci

test: $(PAGES) ## run every test, the real SDKs that Go and npm bring included
	go test -count=1 -timeout 20m ./...
	@set -e; for m in $(ADAPTERS); do go -C $$m test -count=1 -timeout 10m ./...; done
	@if [ -n "$(PAGES)" ]; then npm --prefix ui test && npm --prefix ui run e2e; else echo "Skipped: the tests in a browser need npm."; fi

e2e: $(PAGES) ## run the tests in a browser alone; BIG=1 measures pages over a million events instead
	npm --prefix ui run $(if $(BIG),e2e:big,e2e)

shots: $(PAGES) ## take the screenshots in docs/screenshots again
	npm --prefix ui run shots

check: $(if $(PAGES),ui/node_modules/.package-lock.json) ## format, vet, lint, types of the pages and the rules of the house
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	@set -e; for m in $(ADAPTERS); do go -C $$m vet ./...; done
	go run $(STATICCHECK) ./...
	go test -count=1 ./internal/house
	@if [ -n "$(PAGES)" ]; then npm --prefix ui run check && npm --prefix ui run types && git diff --exit-code -- ui/src/lib/api/schema.d.ts; fi

bench: ## load a real server and print the budgets beside what was measured
	go run ./internal/bench $(BENCHFLAGS)

fuzz: ## run every fuzzer for a minute (FUZZTIME=60s)
	@set -e; for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "== $$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p; \
		done; \
	done

conformance: ## run every real client, Python and Ruby too, installing them
	PICKET_CONFORMANCE=all go test -count=1 -timeout 30m -v ./conformance

demo: build ## fill the running server from a fleet of simulated agents
	./bin/picket demo

generate: ## write again what is generated
	go test -count=1 ./internal/api -update
