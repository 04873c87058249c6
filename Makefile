# Everything that .ci/run does can be done here: "make help" lists the targets. They need Go and git, nothing
# else; e2e, lint and docs-script also need npm, ui needs tmux and chromium.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PROMPT   ?= Say hello in five languages.
FUZZTIME ?= 1m
BENCH    ?= .
N        ?= 1000000
PROMPTS  ?= 1000000

# What the generator writes, and nobody else.
GENERATED := generated chattest/internal/server tests/oracle/plain

# Folders of the modules, the root first. "./..." never crosses a module, so targets loop over them.
MODULES := $(sort $(patsubst ./,.,$(dir $(shell git ls-files --cached --others --exclude-standard -- go.mod '*/go.mod'))))
MODULES := $(patsubst %/,%,$(MODULES))

# Modules that need more than Go to run (Node.js, other clients, a terminal or a browser), and the one that
# only pins the linter.
TOOLS      := tests/lint
NEED_MORE  := tests/e2e tests/peers tests/ui
CODE       := $(filter-out $(TOOLS),$(MODULES))
JUST_GO    := $(filter-out $(NEED_MORE),$(CODE))

# $(call each,MODULES,COMMAND) runs COMMAND in the folder of every module, goes on after a failure and names
# the modules that failed at the end. $$dir is the folder, $$root the root.
# The root and tests/* are built as importers build them, without the workspace. The other nested modules
# have no replace and find the root module through go.work.
define each
root=$$PWD; failed=; \
for dir in $(1); do \
	case $$dir in .|tests/*) gowork=off ;; *) gowork= ;; esac; \
	(cd $$dir && export GOWORK=$$gowork && $(2)) || failed="$$failed $$dir"; \
done; \
if [ -n "$$failed" ]; then echo "$@ failed in:$$failed" >&2; exit 1; fi
endef

# The race detector needs a C compiler.
define find_race
race=; why=; \
if [ "$$(go env CGO_ENABLED)" != 1 ]; then why="cgo is off (no C compiler, or CGO_ENABLED=0)"; \
elif ! command -v $$(go env CC | cut -d' ' -f1) >/dev/null; then why="there is no C compiler ($$(go env CC))"; \
else race=-race; fi
endef

need_npm = command -v npm >/dev/null || { echo "make $@ needs npm, which comes with Node.js" >&2; exit 1; }
npm_ci   = npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##$$/ { print "" } /^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##

.PHONY: run
run: generate ## Generate, then stream an answer (PROMPT="…"); from a built-in server where no key is set
	go run ./cmd/chatspec chat "$(PROMPT)"

.PHONY: build
build: ## Build the command: bin/chatspec
	go build -o bin/chatspec ./cmd/chatspec

.PHONY: generate
generate: ## Write the Go code that follows from openapi.yaml
	go generate ./...

.PHONY: fresh
fresh: ## Fail where generated code is not what openapi.yaml gives; works in a dirty tree
	@sums() { find $(GENERATED) -type f | LC_ALL=C sort | while read -r f; do echo "$$(git hash-object --no-filters "$$f") $$f"; done; }; \
	before=$$(sums) && $(MAKE) --no-print-directory generate && after=$$(sums) || exit 1; \
	if [ "$$before" != "$$after" ]; then \
		echo "stale, and written anew by make generate:" >&2; \
		printf '%s\n%s\n' "$$before" "$$after" | sort | uniq -u | cut -d' ' -f2- | sort -u | sed 's/^/  /' >&2; \
		exit 1; \
	fi; \
	echo "fresh: $(GENERATED)"

.PHONY: test
test: ## Vet and test all modules that need only Go, with the race detector where there is a C compiler
	@$(find_race); \
	if [ -z "$$race" ]; then echo "test: without the race detector: $$why"; fi; \
	$(call each,$(JUST_GO),echo "== $$dir" && go vet ./... && go test -shuffle=on $$race ./...); \
	if [ -n "$$race" ]; then \
		echo "== again without the race detector, for what it slows down or makes allocate"; \
		$(call each,$(JUST_GO),go test -shuffle=on ./...); \
	fi

.PHONY: docs
docs: ## Write openapi.yaml as a page that works without a network: bin/openapi.html
	@mkdir -p bin
	go run ./cmd/chatspec/internal/reference/write >bin/openapi.html
	@echo "wrote bin/openapi.html; chatspec serve shows the same page"

.PHONY: e2e
e2e: ## Test against programs that no one here wrote (npm)
	@$(need_npm)
	cd tests/e2e && $(npm_ci) && GOWORK=off go test -count=1 ./...

.PHONY: ui
ui: ## Test what people see, in a terminal (tmux) and in a browser (chromium)
	@for tool in tmux chromium; do \
		command -v $$tool >/dev/null || { echo "make $@ needs $$tool" >&2; exit 1; }; \
	done
	cd tests/ui && GOWORK=off go test -count=1 ./...

.PHONY: soak
soak: ## Run the tests of batches in full, and measure PROMPTS (1000000) of them
	cd batch && CHATSPEC_SOAK=1 go test -count=1 -timeout=1h -v -run 'TestRate|TestKilled|TestTornEnd|TestCluster|TestSubmitIsKilled' ./...
	cd cmd/chatspec && CHATSPEC_SOAK=1 go test -count=1 -timeout=1h -v -run TestBatch .
	go run ./cmd/chatspec/internal/scale -n $(PROMPTS)
	go run ./cmd/chatspec/internal/scale/cluster -waiting $(PROMPTS)

.PHONY: peers
peers: ## Vet and test the comparison and the benchmarks, briefly
	cd tests/peers && GOWORK=off go vet ./... && GOWORK=off go test -shuffle=on ./...

.PHONY: compare
compare: ## Put the same broken servers before this client, openai-go and go-openai, and print a table
	cd tests/peers && GOWORK=off go run ./compare

# json/v2 decodes a package that is generated for it alone.
.PHONY: oracle
oracle: ## Compare the decoders with json/v2 on N made-up events (N=1000000 SEED=n OVERLAY=file)
	cd tests/oracle && GOWORK=off go run . -n $(N) $(if $(SEED),-seed $(SEED)) $(if $(OVERLAY),-overlay $(abspath $(OVERLAY)))

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (1m each; also a count, as in FUZZTIME=1000x)
	@$(call each,$(JUST_GO), \
		list=$$(go test -list '^Fuzz' ./...) || exit 1; \
		echo "$$list" | awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print $$2 " " names[i]; n = 0 }' | { \
			bad=0; \
			while read -r package name; do \
				echo "== $$package $$name"; \
				go test -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10s "$$package" </dev/null || bad=1; \
			done; \
			exit $$bad; \
		})

.PHONY: bench
bench: ## Measure every goal and write docs/performance.* (GOAL=2,3 measures some and writes nothing)
	cd tests/peers && GOWORK=off go run ./bench $(if $(GOAL),-goal $(GOAL)) $(if $(EVENTS),-events $(EVENTS))

.PHONY: microbench
microbench: ## Run the benchmarks of the packages (BENCH="regexp")
	@$(call each,$(JUST_GO),go test -run='^$$' -bench='$(BENCH)' -benchmem ./...)

##

# golangci-lint is built from the module that pins it, so that its dependencies are nobody else's.
.PHONY: bin/golangci-lint
bin/golangci-lint:
	@cd tests/lint && GOWORK=off go build -buildvcs=false -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: lint
lint: lint-go lint-openapi ## Lint the Go code and openapi.yaml

# Modules are linted one by one, so an exclusion is unused only where none of them needs it.
.PHONY: lint-go
lint-go: bin/golangci-lint ## Lint the Go code of all modules
	@said=$$(mktemp) && trap 'rm -f "$$said"' EXIT && status=0; \
	( $(call each,$(CODE),echo "== $$dir" && "$$root/bin/golangci-lint" run ./... 2>>"$$said") ) || status=1; \
	unused='Skipped 0 issues by rules'; \
	grep -v "$$unused" "$$said" >&2; \
	[ $$status = 0 ] || exit 1; \
	grep "$$unused" "$$said" | sort | uniq -c | sed -n 's/^ *$(words $(CODE)) /unused in .golangci.yml: /p'

# The script of the page of "make docs", and the notices of what is bundled in it, are those of the package that
# tests/lint pins.
REFERENCE := cmd/chatspec/internal/reference
REDOCLY   := tests/lint/node_modules/@redocly/cli

.PHONY: docs-script
docs-script: ## Take the script of the page from the package that tests/lint pins (npm)
	@$(need_npm)
	cd tests/lint && $(npm_ci)
	gzip -9nc $(REDOCLY)/lib/chunks/redoc.standalone.js >$(REFERENCE)/redoc.standalone.js.gz
	cp $(REDOCLY)/LICENSE $(REFERENCE)/redoc.LICENSE
	cp $(REDOCLY)/THIRD_PARTY_NOTICES $(REFERENCE)/redoc.NOTICES

# Redocly runs on the Node.js 22 that npm brings where there is one for this machine.
.PHONY: lint-openapi
lint-openapi: ## Lint openapi.yaml, and compare the script of its page with the package (npm)
	@$(need_npm)
	cd tests/lint && $(npm_ci)
	@gzip -dc $(REFERENCE)/redoc.standalone.js.gz | cmp - $(REDOCLY)/lib/chunks/redoc.standalone.js && \
	cmp $(REFERENCE)/redoc.LICENSE $(REDOCLY)/LICENSE && cmp $(REFERENCE)/redoc.NOTICES $(REDOCLY)/THIRD_PARTY_NOTICES || \
	{ echo "$(REFERENCE) is not of the package that tests/lint pins: make docs-script" >&2; exit 1; }
	@node=$$(ls -d tests/lint/node_modules/node-*/bin/node 2>/dev/null | head -n 1); \
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		"$${node:-node}" $(REDOCLY)/bin/cli.js lint openapi.yaml

.PHONY: api
api: ## Fail where the exported API is not what api/exported lists, or changed without CHANGELOG.md (UPDATE=1 lists it)
	@cd tests/api && GOWORK=off go run . $(if $(UPDATE),-update)

.PHONY: api-release
api-release: ## Say what changed in the exported API since the last tag, and fail where the version does not allow it
	@cd tests/api && GOWORK=off go run . -release

# Its dependencies are not in the go.sum of anything here; Go checks them against its checksum database.
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.16.0

.PHONY: snapshot
snapshot: ## Build the command for all platforms of a release, publishing nothing: bin/release
	GOFLAGS=-mod=mod go run $(GORELEASER) release --snapshot --clean

.PHONY: fmt
fmt: bin/golangci-lint ## Format the Go code
	@$(call each,$(CODE),"$$root/bin/golangci-lint" fmt ./...)

# A nested module without a replace cannot be tidied while the version of the root module that it asks for is
# not published: the replace exists only in a copy, which is put back when everything went well.
.PHONY: tidy
tidy: ## Tidy the go.mod of all modules
	@$(call each,$(MODULES), \
		case $$dir in (.|tests/*) go mod tidy; exit ;; esac; \
		export GOWORK=off; \
		temp=$$(mktemp -d) && trap 'rm -rf "$$temp"' EXIT && \
		cp go.mod "$$temp" && { [ ! -f go.sum ] || cp go.sum "$$temp"; } && \
		module=github.com/chatspec/chatspec && \
		go mod edit -replace="$$module=$$root" -replace="$$module/batch=$$root/batch" "$$temp/go.mod" && \
		go mod tidy -modfile="$$temp/go.mod" && \
		go mod edit -dropreplace="$$module" -dropreplace="$$module/batch" "$$temp/go.mod" && \
		cp "$$temp/go.mod" . && { [ ! -f "$$temp/go.sum" ] || cp "$$temp/go.sum" .; })

.PHONY: clean
clean: ## Remove what the targets above put into the tree
	rm -rf bin tests/*/node_modules
