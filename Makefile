# Understudy. `make help` lists the targets.
# Layers and what each library may use: docs/architecture.md. A library's row below is all it can link against, so an
# include that goes upwards ends in a link error of its own test program.

BUILD ?= build
QUIET := $(if $(V),,@)
CC = gcc
JOBS ?= $(shell nproc)
VERSION := 0.1.0

# name -> folders, the project's libraries below it, Debian's libraries
LIBRARIES := base evaluators http spool codec store contract guard paths baselines tap onboarding pipeline document reports web

DIRS_base := harness/base
DIRS_evaluators := evaluators evaluators/compare evaluators/compatibility evaluators/drift evaluators/format evaluators/reach evaluators/schema evaluators/select evaluators/stats
DIRS_http := harness/http
DIRS_spool := harness/spool
DIRS_codec := harness/codec
DIRS_store := harness/store
DIRS_contract := harness/contract
DIRS_guard := harness/guard
DIRS_paths := harness/paths
DIRS_baselines := baselines
DIRS_tap := harness/tap
DIRS_onboarding := harness/onboarding
DIRS_pipeline := harness/pipeline
DIRS_document := harness/document
DIRS_reports := reports
DIRS_web := harness/web

NEEDS_base :=
NEEDS_evaluators := base
NEEDS_http := base
NEEDS_spool := base
NEEDS_store := base
NEEDS_codec := evaluators base
NEEDS_contract := codec evaluators base
NEEDS_guard := contract codec evaluators base
NEEDS_paths := guard contract codec evaluators base
NEEDS_baselines := store contract codec evaluators base
NEEDS_tap := http spool base
NEEDS_onboarding := contract codec evaluators base
NEEDS_pipeline := baselines paths guard contract codec store spool http evaluators base
NEEDS_document := contract codec evaluators base
NEEDS_reports := baselines store contract codec evaluators base
NEEDS_web := reports $(NEEDS_reports)

SYSTEM_base := -lcrypto -ljansson
SYSTEM_evaluators := -lpcre2-8 -lutf8proc -lm
SYSTEM_spool := -lpthread
SYSTEM_tap := -lssl -lcrypto
SYSTEM_codec := -lminizip -lexpat -lz
SYSTEM_store := -lsqlite3 -lzstd
SYSTEM_contract := -lyaml
SYSTEM_paths := -lcurl
SYSTEM_onboarding := -lm
SYSTEM_pipeline := -lz
SYSTEM_document := -lxlsxwriter
SYSTEM_web := -lmicrohttpd

include tests/flags.mk

CFLAGS_ALL = $(FLAGS_LANGUAGE) $(FLAGS_WARNING) $(FLAGS_$(COMPILER)) $(FLAGS_HARDENING) $(SANITIZER_FLAGS) \
	$(if $(WERROR),-Werror) -g -I. -DUNDERSTUDY_VERSION='"$(VERSION)"' $(CFLAGS)
LDFLAGS_ALL = $(FLAGS_LINK) $(SANITIZER_FLAGS) $(LDFLAGS)

sources = $(foreach dir,$(DIRS_$(1)),$(wildcard $(dir)/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
archives = $(foreach name,$(1),$(BUILD)/lib$(name).a)
system = $(foreach name,$(1),$(SYSTEM_$(name)))

COMMAND_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard harness/cmd/*.c))
ORDERED := web reports document pipeline onboarding tap baselines paths guard contract codec store spool http evaluators base

.PHONY: all
all: $(BUILD)/understudy

$(BUILD)/understudy: $(COMMAND_OBJECTS) $(call archives,$(ORDERED))
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $(COMMAND_OBJECTS) $(call archives,$(ORDERED)) $(call system,$(ORDERED))

$(BUILD)/%.o: %.c tests/flags.mk Makefile
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(QUIET)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Assets become `const char asset_NAME[]` and `asset_NAME_size`, with dots and dashes in NAME turned into "_".
$(BUILD)/%.asset.c: % tests/embed.sh
	@mkdir -p $(@D)
	$(QUIET)sh tests/embed.sh $< > $@

$(BUILD)/%.asset.o: $(BUILD)/%.asset.c
	$(QUIET)$(CC) $(CFLAGS_ALL) -c -o $@ $<

.SECONDARY: # keeps the generated sources, so that the first build does not end with removing them

assets = $(foreach dir,$(DIRS_$(1)),$(patsubst %,$(BUILD)/%.asset.o,$(wildcard $(dir)/assets/* $(dir)/*.sql)))

define library_rule
$(BUILD)/lib$(1).a: $(call objects,$(1)) $(call assets,$(1))
	@rm -f $$@
	$(QUIET)ar rcs $$@ $$^

-include $(patsubst %.o,%.d,$(call objects,$(1)))

# One Check program per library: the whole library and nothing but what it declares.
TEST_OBJECTS_$(1) := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/$(1)/*.c))
$(BUILD)/tests/check-$(1): $$(TEST_OBJECTS_$(1)) $(call archives,$(1) $(NEEDS_$(1)))
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	$(QUIET)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$(TEST_OBJECTS_$(1)) -Wl,--whole-archive $(BUILD)/lib$(1).a -Wl,--no-whole-archive \
		$(call archives,$(NEEDS_$(1))) $(call system,$(1) $(NEEDS_$(1))) -lcheck -lsubunit -lrt -lm -lpthread
-include $$(patsubst %.o,%.d,$$(TEST_OBJECTS_$(1)))
TEST_PROGRAMS += $(if $(wildcard tests/$(1)/*.c),$(BUILD)/tests/check-$(1))
endef
$(foreach name,$(LIBRARIES),$(eval $(call library_rule,$(name))))
-include $(COMMAND_OBJECTS:.o=.d)

# --- fuzzing: tests/fuzz/fuzz_NAME.c, with a row of the libraries it uses ---

FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_USES_http := http base
FUZZ_USES_spool := spool base
FUZZ_USES_compatibility := evaluators base
FUZZ_USES_gor := pipeline $(NEEDS_pipeline)
FUZZ_USES_sheet := codec $(NEEDS_codec)
FUZZ_USES_ingest := tap http spool base
FUZZ_USES_drift := evaluators base
FUZZ_USES_format := evaluators base
FUZZ_USES_schema := evaluators base
FUZZ_SECONDS ?= 120

define fuzz_rule
FUZZ_INPUTS_$(1) = $(BUILD)/tests/fuzz/fuzz_$(1).o $(call archives,$(FUZZ_USES_$(1)))
FUZZ_LIBRARIES_$(1) = $(call system,$(FUZZ_USES_$(1)))
# the target with the files of its corpus, by any compiler
$(BUILD)/tests/feed-$(1): $(BUILD)/tests/fuzz/feed.o $$(FUZZ_INPUTS_$(1))
	@echo "  LINK $$@"
	$(QUIET)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$^ $$(FUZZ_LIBRARIES_$(1))
# the target with libFuzzer
$(BUILD)/tests/fuzz-$(1): $$(FUZZ_INPUTS_$(1))
	@echo "  LINK $$@"
	$(QUIET)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$^ $$(FUZZ_LIBRARIES_$(1))
TEST_PROGRAMS += $(BUILD)/tests/feed-$(1)
-include $(BUILD)/tests/fuzz/fuzz_$(1).d
endef
$(foreach name,$(FUZZ_NAMES),$(eval $(call fuzz_rule,$(name))))
-include $(BUILD)/tests/fuzz/feed.d

.PHONY: fuzzers
fuzzers: $(foreach name,$(FUZZ_NAMES),$(BUILD)/tests/fuzz-$(name))

# --- targets for people ---

.DEFAULT_GOAL := all

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

.PHONY: deps
deps: ## install the Debian packages that building, demo and tests need
	@sh tests/deps.sh test

.PHONY: demo
demo: ## the whole loop on simulated traffic: report and gate in a minute (LLM_URL, LLM_MODEL, LLM_API_KEY: a real model)
	@sh tests/deps.sh demo
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@sh examples/ticket-routing/demo.sh

.PHONY: demo-web
demo-web: ## the pages of the last demo until Ctrl-C; runs the demo first where there is none
	@[ -f build/demo/report/report.html ] || $(MAKE) --no-print-directory demo
	@sh examples/ticket-routing/demo.sh web

.PHONY: unit
unit: $(TEST_PROGRAMS)
	@sh tests/run-programs.sh $(TEST_PROGRAMS)

.PHONY: test
test: ## build with warnings as errors and run every test
	@sh tests/deps.sh test
	@$(MAKE) --no-print-directory -j$(JOBS) WERROR=1 all $(TEST_PROGRAMS) $(BUILD)/tests/check-e2e $(E2E_HELPERS)
	@$(MAKE) --no-print-directory WERROR=1 unit
	@UNDERSTUDY=$(abspath $(BUILD))/understudy $(BUILD)/tests/check-e2e

$(BUILD)/tests/keepalive-client: $(BUILD)/tests/e2e/keepalive_client.o
$(BUILD)/tests/hold-socket: $(BUILD)/tests/e2e/hold_socket.o
$(BUILD)/tests/keepalive-client $(BUILD)/tests/hold-socket:
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $< -lpthread

# Fills a spool for the scripts that need deliveries which no listener of theirs makes.
$(BUILD)/tests/spool-feed: $(BUILD)/tests/e2e/spool_feed.o $(call archives,spool base)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $< $(call archives,spool base) $(call system,spool base)

$(BUILD)/tests/check-e2e: $(BUILD)/tests/e2e/main.o | $(BUILD)/tests/keepalive-client $(BUILD)/tests/hold-socket \
	$(BUILD)/tests/spool-feed
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $< -lcheck -lsubunit -lrt -lm -lpthread

# programs of the end-to-end tests: one file each, the C library alone
E2E_HELPERS := $(BUILD)/tests/load
$(E2E_HELPERS): $(BUILD)/tests/%: $(BUILD)/tests/e2e/%.o
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $<

.PHONY: check
check: ## format, both compilers, static analysis, and the tests under sanitizers
	@sh tests/deps.sh check
	@sh tests/check.sh

.PHONY: fuzz
fuzz: ## feed the parsers random inputs for FUZZ_SECONDS (120; hours by hand), found ones land in build/fuzz/found
	@sh tests/deps.sh check
	@$(MAKE) --no-print-directory CC=clang BUILD=build/fuzz SANITIZE=fuzzer,address,undefined fuzzers
	@sh tests/fuzz/fuzz.sh $(FUZZ_SECONDS) $(foreach name,$(FUZZ_NAMES),build/fuzz/tests/fuzz-$(name))

.PHONY: bench
bench: ## measure, print a table, write build/bench.jsonl
	@$(MAKE) --no-print-directory all
	@sh tests/bench/bench.sh

.PHONY: bench-tap
bench-tap: ## what the live path costs beside nginx, with and without trouble; writes build/bench-tap.jsonl
	@sh tests/deps.sh bench
	@$(MAKE) --no-print-directory all $(BUILD)/tests/bench/load
	@sh tests/bench/bench-tap.sh

$(BUILD)/tests/bench/load: $(BUILD)/tests/bench/load.o $(BUILD)/libbase.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(SYSTEM_base)
-include $(BUILD)/tests/bench/load.d

.PHONY: bench-schema
bench-schema: ## the validator beside Node and ajv; writes build/bench-schema.jsonl
	@$(MAKE) --no-print-directory $(BUILD)/tests/bench/schema-rate
	@sh tests/bench/bench-schema.sh

$(BUILD)/tests/bench/schema-rate: $(BUILD)/tests/bench/schema_rate.o $(call archives,evaluators base)
	@echo "  LINK $@"
	$(QUIET)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call system,evaluators base)
-include $(BUILD)/tests/bench/schema_rate.d

PREFIX ?= /usr/local
.PHONY: install
install: all ## copy the binary to $(DESTDIR)$(PREFIX)/bin
	install -D -m 0755 $(BUILD)/understudy $(DESTDIR)$(PREFIX)/bin/understudy

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build build-*
