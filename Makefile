# stepd: `make run` and `make test` do all the set-up on a fresh Debian 12; `make help` lists the rest.
SHELL    := /bin/bash
BUILD    ?= .build/release
VERSION  := 0.1.0
CC       ?= cc
OPT      ?= -O2
SANITIZE ?=
WERROR   ?=
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla $(WERROR)
HARDEN   := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong) -fPIE
DEFS      = -D_GNU_SOURCE -DSTEPD_VERSION='"$(VERSION)"'
CFLAGS   += -std=gnu17 $(OPT) -g $(WARN) $(HARDEN) $(SANITIZE) -ffp-contract=off
CPPFLAGS += -Isrc -I$(BUILD)/gen $(DEFS)
LDFLAGS  += $(SANITIZE) -pie -Wl,-z,relro,-z,now
LDLIBS   += -lmicrohttpd -ljansson -lsqlite3 -llapacke -llapack -lblas -lm -lpthread
KERNEL   := -O3 -fno-math-errno -fno-trapping-math -g1

# Debian packages: to build and serve, to test besides, to check besides.
DEPS       := gcc libc6-dev pkg-config libmicrohttpd-dev libjansson-dev libsqlite3-dev liblapacke-dev \
              libblas-dev libxxhash-dev libyaml-dev libjs-dygraphs libjs-katex node-d3-contour
DEPS_TEST  := libcriterion-dev libcurl4-openssl-dev curl python3 python3-yaml python3-jsonschema nodejs \
              chromium-headless-shell
DEPS_CHECK := clang-format
DEPS_BENCH := wrk python3

# Every file of math/optim/, and math/vector.c, is built once per instruction set; the best one is
# chosen at start.
ARCH  := $(shell $(CC) -dumpmachine | cut -d- -f1)
ISAS  := base $(if $(filter x86_64,$(ARCH)),v3 v4)
march_base := $(if $(filter x86_64,$(ARCH)),-march=x86-64)
march_v3   := -march=x86-64-v3
march_v4   := -march=x86-64-v4

# Catalogues whose entries are files: math/objective/levy.c defines objective_levy. One list each.
REGISTRIES  := objective schedule transform
entries      = $(sort $(basename $(notdir $(wildcard src/math/$(1)/*.c))))
DATASETS    := $(sort $(wildcard src/math/data/*.csv))

GENERATORS  := src/codec/powers_gen.c src/web/openapi_gen.c
OPTIMS      := $(sort $(patsubst src/math/optim/%.c,%,$(wildcard src/math/optim/*.c)))
SOURCES     := $(filter-out src/main.c $(GENERATORS) src/math/vector.c,$(wildcard src/*.c src/*/*.c) \
               $(foreach r,$(REGISTRIES),$(wildcard src/math/$r/*.c)))
OBJECTS     := $(SOURCES:src/%.c=$(BUILD)/%.o)
OPTIM_OBJ   := $(foreach i,$(ISAS),$(OPTIMS:%=$(BUILD)/math/optim/%.$i.o) $(BUILD)/math/vector.$i.o)
GENERATED   := $(addprefix $(BUILD)/gen/,$(REGISTRIES:%=%s.h) datasets.h optims.h isas.h powers.h sqlite_queries.h sqlite_migrations.h openapi.json)
# What is served to browsers: our own files, Debian's copies of three libraries, the contract.
WEB_OWN     := $(wildcard src/web/*.html src/web/*.css src/web/*.js)
WEB_MADE    := dygraphs.js katex.js d3-contour.js licences.txt openapi.json
WEB         := $(notdir $(WEB_OWN)) $(WEB_MADE)
LIB         := $(BUILD)/libstepd.a
UNIT        := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/*.c))
BENCH       := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
FUZZ        := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))

.PHONY: all run test check deps deps-test deps-check deps-bench help clean format bench fuzz docker install
all: $(BUILD)/stepd

run: deps ## installs what is missing, builds, serves on 127.0.0.1:7837 (ARGS="--listen …" for options)
	@$(MAKE) --no-print-directory -j2 all
	@exec $(BUILD)/stepd serve $(ARGS)

test: deps-test ## installs what is missing, builds, runs every test
	@$(MAKE) --no-print-directory -j2 all unit
	@BUILD=$(BUILD) tests/run all

# Installs the packages of $(1) that are missing, by apt, as root or through sudo, and says so.
define install_missing
	@need=""; for p in $(1); do dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || need="$$need $$p"; done; \
	if [ -n "$$need" ]; then as=""; [ "$$(id -u)" = 0 ] || as=sudo; \
	  echo "stepd: installing Debian packages:$$need"; \
	  $$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need >/dev/null \
	    || { echo "stepd: could not install:$$need (install them by hand, then try again)" >&2; exit 1; }; fi
endef
deps: ## installs the packages that building needs
	$(call install_missing,$(DEPS))
deps-test:
	$(call install_missing,$(DEPS) $(DEPS_TEST))
deps-check:
	$(call install_missing,$(DEPS) $(DEPS_TEST) $(DEPS_CHECK))
deps-bench:
	$(call install_missing,$(DEPS) $(DEPS_BENCH))

# ---- what is made -----------------------------------------------------------------------------
$(BUILD)/stepd: $(BUILD)/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(LIB): $(OBJECTS) $(OPTIM_OBJ)
	@rm -f $@; ar rcs $@ $^
$(BUILD)/%.o: src/%.c | $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(if $(filter math/%,$*),$(KERNEL)) -MMD -MP -c -o $@ $<
define optim_rule
$(BUILD)/math/%.$(1).o: src/math/%.c
	@mkdir -p $$(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KERNEL) $(march_$(1)) -DOPTIM_ISA=_$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call optim_rule,$i)))

# The files that http/web.c embeds, each beside a compressed copy.
$(BUILD)/http/web.o: CPPFLAGS += -Wa,-Isrc/web,-I$(BUILD)/gen
$(BUILD)/http/web.o: $(WEB_OWN) $(addprefix $(BUILD)/gen/,assets.h $(WEB_MADE) $(WEB:=.gz))

# ---- what is generated --------------------------------------------------------------------------
$(BUILD)/gen/optims.h: src/math/optim/. $(OPTIMS:%=src/math/optim/%.c)
	@mkdir -p $(@D)
	@printf 'X(%s)\n' $(OPTIMS) > $@
define registry_rule
$(BUILD)/gen/$(1)s.h: $(wildcard src/math/$(1)/. src/math/$(1)/*.c)
	@mkdir -p $$(@D)
	@for f in $(call entries,$(1)); do echo "X($$$$f)"; done > $$@
endef
$(foreach r,$(REGISTRIES),$(eval $(call registry_rule,$r)))
# Two comment lines (title, text), a line of names, rows whose last number is the target.
$(BUILD)/gen/datasets.h: src/math/data/to_c.awk $(DATASETS)
	@mkdir -p $(@D)
	@awk -f $^ > $@
$(BUILD)/gen/isas.h: Makefile
	@mkdir -p $(@D)
	@echo '#define ISAS(M, x)$(foreach i,$(ISAS), M($i, x))' > $@
$(BUILD)/gen/powers.h: $(BUILD)/gen/powers_gen
	$< > $@
$(BUILD)/gen/powers_gen: src/codec/powers_gen.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 $(WARN) -o $@ $<
$(BUILD)/gen/openapi_gen: src/web/openapi_gen.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 $(WARN) -o $@ $< -lyaml
$(BUILD)/gen/openapi.json: api/openapi.yaml $(BUILD)/gen/openapi_gen
	$(BUILD)/gen/openapi_gen < $< > $@.new && mv $@.new $@
# X(number, "file") for each; the folder is named, so that a file that goes is noticed.
$(BUILD)/gen/assets.h: src/web $(WEB_OWN) Makefile
	@mkdir -p $(@D)
	@n=0; for f in $(WEB); do echo "X($$n, \"$$f\")"; n=$$((n + 1)); done > $@
$(BUILD)/gen/%.gz: src/web/%
	@mkdir -p $(@D)
	@gzip -9nc $< > $@
$(BUILD)/gen/%.gz: $(BUILD)/gen/%
	@gzip -9nc $< > $@
# The libraries come as scripts for CommonJS or a global name; $(1) becomes a module that exports $(2).
commonjs = { echo 'const module = { exports: {} }, exports = module.exports;'; cat $(1); echo; echo 'export default module.exports;'; } | sed '/^\/\/\# sourceMappingURL=/d'
$(BUILD)/gen/dygraphs.js: /usr/share/javascript/dygraphs/dygraph.min.js
	@mkdir -p $(@D)
	@$(call commonjs,$<) > $@
$(BUILD)/gen/katex.js: /usr/share/javascript/katex/katex.min.js
	@mkdir -p $(@D)
	@$(call commonjs,$<) > $@
D3 := /usr/share/nodejs/d3-array/dist/d3-array.min.js /usr/share/nodejs/d3-contour/dist/d3-contour.min.js
$(BUILD)/gen/d3-contour.js: $(D3)
	@mkdir -p $(@D)
	@{ echo 'const array = {}; { const exports = array, module = {};'; cat $(word 1,$(D3)); echo; echo '}'; \
	  echo 'const require = () => array;'; $(call commonjs,$(word 2,$(D3))); } > $@
$(BUILD)/gen/licences.txt: $(patsubst %,/usr/share/doc/%/copyright,libjs-dygraphs libjs-katex node-d3-contour node-d3-array)
	@mkdir -p $(@D)
	@for f in $^; do p=$${f%/copyright}; printf '==== %s\n\n' "$${p##*/}"; cat $$f; echo; done > $@
# `-- name: x` blocks become SQL(x, "text") rows; comments are kept out of the program.
$(BUILD)/gen/sqlite_queries.h: sql/sqlite/queries.sql
	@mkdir -p $(@D)
	@awk 'function flush(){if(n)print "SQL(" n ", " t ")";t=""} /^-- name: /{flush();n=$$3;next} /^[ \t]*--/{next} NF{gsub(/\\/,"\\\\");gsub(/"/,"\\\"");t=t " \"" $$0 "\\n\""} END{flush()}' $< > $@
$(BUILD)/gen/sqlite_migrations.h: $(wildcard sql/sqlite/0*.sql)
	@mkdir -p $(@D)
	@for f in $^; do b=$$(basename $$f .sql); awk -v n="$${b%%_*}" -v b="$$b" 'BEGIN{printf "MIGRATION(%d, \"%s\",", n, b} {gsub(/\\/,"\\\\");gsub(/"/,"\\\"");printf " \"%s\\n\"", $$0} END{print ")"}' $$f; done > $@

# ---- tests ----------------------------------------------------------------------------------------
.PHONY: unit
unit: $(UNIT)
# A test runs once for each time that it is compiled.
$(BUILD)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests -Itests/unit $(CFLAGS) -O1 -g1 -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(LIB) -lcriterion $(LDLIBS)
$(BUILD)/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests -Itests/unit $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

check: deps-check ## layers, format, sizes, warnings as errors, sanitizers
	@tests/check
bench: deps-bench ## the benchmarks; ratios side by side in one run
	@$(MAKE) --no-print-directory -j2 all $(BENCH)
	@BUILD=$(BUILD) tests/bench/run
fuzz: deps ## 60 s of fuzzing for each harness (needs clang)
	$(call install_missing,clang)
	@$(MAKE) --no-print-directory BUILD=.build/fuzz CC=clang SANITIZE="-fsanitize=address,undefined,fuzzer-no-link" $(FUZZ:$(BUILD)/%=.build/fuzz/%)
	@for f in $(FUZZ:$(BUILD)/%=.build/fuzz/%); do echo "== $$f"; $$f -max_total_time=60 -print_final_stats=1 || exit 1; done
format: deps-check ## clang-format over all C files
	clang-format -i $$(git ls-files --cached --others --exclude-standard "*.c" "*.h")
docker: ## the image, with docker
	docker build -f docker/Dockerfile -t stepd:$(VERSION) .

PREFIX ?= /usr/local
install: all ## FHS install: program, unit, manual page
	install -D -m 755 $(BUILD)/stepd $(DESTDIR)$(PREFIX)/bin/stepd
	install -D -m 644 docker/stepd.service $(DESTDIR)$(PREFIX)/lib/systemd/system/stepd.service
	sed -i 's|/usr/local/bin/|$(PREFIX)/bin/|' $(DESTDIR)$(PREFIX)/lib/systemd/system/stepd.service
	install -D -m 644 docker/stepd.1 $(DESTDIR)$(PREFIX)/share/man/man1/stepd.1
clean: ## removes what was built
	rm -rf .build
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

-include $(OBJECTS:.o=.d) $(OPTIM_OBJ:.o=.d) $(UNIT:=.d) $(BUILD)/main.d
