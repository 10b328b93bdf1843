# Targets:
#   make                build profiles.so and the install script
#   make install        install into the PostgreSQL that PG_CONFIG names
#   make demo           install what is missing, build, fill a throwaway database and show it
#   make demo-stop      end the demo's cluster and remove it
#   make geoip-data     install a free geoip database, found without a setting   GEOIP=country for a small one
#   make places-data    install the places that load_places() loads into the geocoder
#   make test           install what is missing, build, run every check below, print a summary
#   make check-tree     what can be checked without a server: floors, symbols, papers, format
#   make unit           core without PostgreSQL, under ASan and UBSan
#   make fuzz-seeds     the fuzz targets over their seeds
#   make fuzz           libFuzzer over every target           FUZZ_SECONDS=n each, FUZZ_TARGETS="text ..."
#   make oracle         random update documents, core against a model   ORACLE_CASES=n ORACLE_SEED=n
#   make regress        pg_regress over sql/*.sql             REGRESS="name ..." for some
#   make valgrind       the same under valgrind, slowly       REGRESS="name ..." for some
#   make isolation      test/isolation/specs/*.spec           ISOLATION="name ..." for some
#   make tap            test/t/*.pl                           PROVE_TESTS="file ..." for some
#   make clients        the real SDKs, through the gateway    CLIENTS="nodejs web" for some
#   make charts         the charts, drawn by Vega-Lite         make charts-update renews those of the README
#   make bench          figures against jsonb and others      BENCH="profile ..." for some
#   make docs-test      the SQL examples of README and docs   PAGES="file ..." for some
#   make docs-update    write what the examples print into the pages
#   make format         lay out the C++ sources               make format-check only looks
#   make tidy           clang-tidy over src, some minutes     FILES="file ..." for some
#   make deps           apt-get install what all of this needs; nothing when all is there
#   make clean          remove everything built, and the demo
#   make dist           the release archive, from git's HEAD
#
# WERROR=1 turns warnings into errors (make test does). Tests never use an existing cluster.

EXTENSION = profiles
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" profiles.control)
MODULE_big = profiles

CORE = $(sort $(wildcard src/core/*.cpp src/core/*/*.cpp))
SOURCES = $(CORE) $(sort $(wildcard src/pg/*.cpp src/pg/*/*.cpp))
OBJS = $(SOURCES:.cpp=.o)
ISO_CODES = /usr/share/iso-codes/json
SQL_PARTS = $(sort $(wildcard src/sql/*.sql))
INSTALL_SQL = profiles--$(EXTVERSION).sql
DATA_built = $(INSTALL_SQL)

PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)
STRICT = -std=c++20 -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -MMD -MP $(if $(WERROR),-Werror)
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server)
# No other library replaces a function of ours, so that they may be inlined.
PG_CXXFLAGS = $(STRICT) -fno-semantic-interposition
CORE_LIBS = -lmaxminddb -lre2
SHLIB_LINK = -lstdc++ $(CORE_LIBS) -Wl,--version-script=exports.map
EXTRA_CLEAN = $(OBJS:.o=.d) exports.map $(INSTALL_SQL) build

# Bitcode off: it could inline only trivial accessors, and its rule ignores PG_CXXFLAGS.
override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
.DEFAULT_GOAL = all
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
else
all install:
	@echo "the server's development files are missing: run 'make deps' or set PG_CONFIG" >&2; exit 1
endif

# printf, because dash's echo would turn \e into an escape character.
$(INSTALL_SQL): $(SQL_PARTS) profiles.control data/iso-3166
	{ printf '%s\n' '\echo Use "CREATE EXTENSION profiles" to load this file. \quit'; cat $(SQL_PARTS); \
	  data/iso-3166 $(ISO_CODES); } > $@.new
	mv $@.new $@

# Only what the server must see leaves the library: PostgreSQL loads it with RTLD_GLOBAL.
exports.map: $(INSTALL_SQL)
	{ echo '{ global: Pg_magic_func; _PG_init; profiles_compact_launcher_main; profiles_compact_worker_main;'; \
	  sed -n "s/.*'MODULE_PATHNAME', *'\([a-z0-9_]*\)'.*/\1; pg_finfo_\1;/p" $< | sort -u; \
	  echo 'local: *; };'; } > $@

$(shlib): exports.map
-include $(OBJS:.o=.d)

# ---- tests and checks: each stage is a script of test/lib and reports to build/summary

export MAKE
export PG_CONFIG
export CLIENTS

.PHONY: deps test unit oracle fuzz fuzz-seeds regress valgrind isolation tap docs-test docs-update check-tree demo demo-stop
.PHONY: clients charts charts-update bench format format-check tidy dist geoip-data places-data

deps:
	@.ci/deps

test: deps
	+@test/run

regress: all
	+@test/lib/regress sql $(REGRESS)

valgrind: all
	+@test/lib/regress valgrind $(REGRESS)

isolation: all
	+@test/lib/regress isolation $(ISOLATION)

tap: all
	+@test/lib/tap $(PROVE_TESTS)

clients: all
	+@test/lib/clients

charts: all
	+@test/lib/charts

charts-update: all
	+@test/lib/charts --update

docs-test: all
	+@test/lib/docs $(PAGES)

docs-update: all
	+@test/lib/docs --update $(PAGES)

check-tree: all
	+@test/lib/check-tree

# Data to install beside the extension; npm downloads it.
DATA_DIR = $(DESTDIR)$(shell $(PG_CONFIG) --sharedir)/profiles
GEOIP ?= city

geoip-data:
	@data/geoip-data $(DATA_DIR)/geoip $(GEOIP)

places-data:
	@data/places-data $(DATA_DIR)

demo: deps
	@echo "Building ..."
	@$(MAKE) --no-print-directory -s $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) all
	+@demo/run

demo-stop:
	+@demo/run stop

clean: demo-stop

# Core and its tests, without a header or a library of PostgreSQL.
UNIT_CORE = $(patsubst %.cpp,build/unit/%.o,$(CORE))
UNIT_OBJS = $(UNIT_CORE) $(patsubst %.cpp,build/unit/%.o,$(sort $(wildcard test/unit/*.cpp)))
UNIT_FLAGS = $(STRICT) -g -O1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS \
	-fsanitize=address,undefined -fno-sanitize-recover=all

build/unit/%.o: %.cpp
	@mkdir -p $(@D)
	g++ $(UNIT_FLAGS) -c $< -o $@

build/unit/run: $(UNIT_OBJS)
	g++ $(UNIT_FLAGS) $^ $(CORE_LIBS) -o $@

-include $(UNIT_OBJS:.o=.d)

build/geoip/done: test/data/make-geoip test/data/geoip.pl
	@mkdir -p $(@D)
	test/data/make-geoip $(@D)
	@touch $@

unit: build/unit/run build/geoip/done
	@test/lib/unit $<

build/unit/oracle: $(UNIT_CORE) build/unit/test/oracle/runner.o
	g++ $(UNIT_FLAGS) $^ $(CORE_LIBS) -o $@

-include build/unit/test/oracle/runner.d

# One program a target: with libFuzzer for make fuzz, with replay.cpp for the seeds.
FUZZ_TARGETS = text bytes update segment index events request block user_block user_set geoip_record geoip_file
FUZZ_SECONDS ?= 60

FUZZ_CORE = $(patsubst %.cpp,build/fuzz/%.o,$(CORE))
FUZZ_FLAGS = -std=c++20 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all

build/fuzz/%.o: %.cpp
	@mkdir -p $(@D)
	clang++ $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(FUZZ_TARGETS:%=build/fuzz/%): build/fuzz/%: build/fuzz/test/fuzz/%.o $(FUZZ_CORE)
	clang++ $(FUZZ_FLAGS) -fsanitize=fuzzer $^ $(CORE_LIBS) -o $@

-include $(FUZZ_CORE:.o=.d) $(FUZZ_TARGETS:%=build/fuzz/test/fuzz/%.d)

build/unit/seeds-%: build/unit/test/fuzz/%.o build/unit/test/fuzz/replay.o $(UNIT_CORE)
	g++ $(UNIT_FLAGS) $^ $(CORE_LIBS) -o $@

-include $(wildcard build/unit/test/fuzz/*.d)

fuzz: $(FUZZ_TARGETS:%=build/fuzz/%)
	@test/lib/fuzz $(FUZZ_SECONDS) $^

fuzz-seeds: $(FUZZ_TARGETS:%=build/unit/seeds-%)
	@test/lib/fuzz-seeds $^

ORACLE_CASES ?= 100000
ORACLE_SEED ?= 20240229

oracle: build/unit/oracle
	@test/lib/oracle $< $(ORACLE_CASES) $(ORACLE_SEED)

# Both sides of every comparison, from one run; nothing here passes or fails by a figure.
bench: all
	@test/bench/run $(BENCH)

CXX_FILES = $(shell find src test -name '*.cpp' -o -name '*.h')

format:
	clang-format -i $(CXX_FILES)

format-check:
	clang-format --dry-run -Werror $(CXX_FILES)

tidy:
	printf '%s\n' $(or $(FILES),$(SOURCES)) | \
	  xargs -P $(shell nproc) -I{} clang-tidy --quiet {} -- -std=c++20 $(PG_CPPFLAGS)

dist:
	@mkdir -p build
	git archive --format=zip --prefix=profiles-$(EXTVERSION)/ -o build/profiles-$(EXTVERSION).zip HEAD
