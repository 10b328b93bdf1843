# Targets:
#   make            build profiles.so and the install script
#   make install    install into the PostgreSQL that pg_config names

EXTENSION = profiles
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" profiles.control)
MODULE_big = profiles

SOURCES = $(sort $(wildcard src/core/*.cpp src/core/*/*.cpp src/pg/*.cpp src/pg/*/*.cpp))
OBJS = $(SOURCES:.cpp=.o)
SQL_PARTS = $(sort $(wildcard src/sql/*.sql))
INSTALL_SQL = profiles--$(EXTVERSION).sql
DATA_built = $(INSTALL_SQL)

PG_CONFIG ?= pg_config
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -MMD -MP $(if $(WERROR),-Werror)
SHLIB_LINK = -lstdc++ -lmaxminddb -lroaring -Wl,--version-script=exports.map
EXTRA_CLEAN = $(OBJS:.o=.d) exports.map $(INSTALL_SQL)

# Bitcode off: it could inline only trivial accessors, and its rule ignores PG_CXXFLAGS.
override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(INSTALL_SQL): $(SQL_PARTS)
	{ echo '\echo Use "CREATE EXTENSION profiles" to load this file. \quit'; cat $^; } > $@

# Only what the server must see leaves the library: PostgreSQL loads it with RTLD_GLOBAL.
exports.map: $(INSTALL_SQL)
	{ echo '{ global: Pg_magic_func; _PG_init;'; \
	  sed -n "s/.*'MODULE_PATHNAME', *'\([a-z0-9_]*\)'.*/\1; pg_finfo_\1;/p" $< | sort -u; \
	  echo 'local: *; };'; } > $@

$(shlib): exports.map
-include $(OBJS:.o=.d)
