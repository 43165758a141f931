# make            builds the extension         make test    every test, on a server of its own
# make install    installs it                  make demo    a small CRM's week, played into a ledger
# make packages   installs what all of this    make bench   what it costs
#                 needs (Debian, Ubuntu)       make torture kill -9, a hundred times; an hour's storm
# make fuzz       libFuzzer on its formats      make smith   sqlsmith, and calls by chance
# make versions   every test on PostgreSQL 15, what may differ on 17 and 18, pg_upgrade from one to the next,
#                 assertions, valgrind, AddressSanitizer
# PG_CONFIG=/path/to/pg_config picks a PostgreSQL.

EXTENSION = trust_ledger
MODULE_big = $(EXTENSION)
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c))

# The install script is sql/, in the order in which one concept needs another.
SQL_CONCEPTS = ledger/schema score/score score/opinion ledger/chain ledger/guard governance/access \
	verify/structure ledger/create ledger/copy ledger/views promise/same governance/actor \
	governance/policy promise/lifecycle promise/terms promise/make_promises promise/backing \
	promise/settlement promise/assessment promise/pause promise/breach promise/note \
	promise/confirmation promise/erasure promise/history analysis/score_query analysis/trend \
	analysis/human_backing analysis/exceptions analysis/analysis tracking/track_trigger \
	tracking/mapping tracking/ddl_follow tracking/parked tracking/import tracking/reconcile \
	verify/verify governance/rights

# The control file is the one source of the version.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(EXTENSION).control)
SQL = $(SQL_CONCEPTS:%=sql/%.sql)
SCRIPT = extension/$(EXTENSION)--$(EXTVERSION).sql

DATA_built = $(SCRIPT)
DATA = $(filter-out $(SCRIPT),$(wildcard extension/*.sql))
EXTRA_CLEAN = .built-for

# -isystem: warnings are about our code. PostgreSQL's headers do not pass -Wextra, and would
# otherwise need -Wno-unused-parameter, -Wno-sign-compare and more for all of it.
PG_CPPFLAGS = -Isrc -isystem $(includedir_server) -DTRUST_LEDGER_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Werror
# -Bsymbolic: PostgreSQL loads modules with RTLD_GLOBAL, and before 16 does not hide their
# symbols. Another extension's function of the same name must not be called in place of ours.
SHLIB_LINK = -lcrypto -Wl,-Bsymbolic

# No bitcode: functions that hash or call SPI gain nothing from being inlined, and the build
# needs no clang.
override with_llvm := no

PG_CONFIG ?= pg_config
export PG_CONFIG
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifneq ($(wildcard $(PGXS)),)
include $(PGXS)

# Objects of one PostgreSQL are no good to another.
ifneq ($(file <.built-for),$(PGXS) $(VERSION))
$(file >.built-for,$(PGXS) $(VERSION))
endif

$(OBJS): $(wildcard src/*.h src/*/*.h) Makefile .built-for

$(SCRIPT): $(SQL) Makefile $(EXTENSION).control
	$(if $(UNLISTED),$(error SQL_CONCEPTS in the Makefile leaves out $(UNLISTED)))
	@mkdir -p $(@D)
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  for file in $(SQL); do echo; cat $$file || exit; done; } > $@.tmp
	mv $@.tmp $@

# A file that was forgotten is found even when the script looks up to date.
UNLISTED := $(filter-out $(SQL),$(wildcard sql/*.sql sql/*/*.sql))
ifneq ($(UNLISTED),)
.PHONY: $(SCRIPT)
endif

else
all install clean:
	@echo "$(PG_CONFIG) knows no PGXS: 'make packages' installs it, PG_CONFIG=... picks another" >&2
	@exit 1
endif

.DEFAULT_GOAL := all
.PHONY: all install clean packages test demo bench torture smith fuzz versions

packages:
	test/packages $(MORE_PACKAGES)

# The build is a make of its own: before the packages are there, this one could not read PGXS.
test: packages
	+@$(MAKE) -s --no-print-directory all
	test/run

torture: export TRUST_LEDGER_KILLS ?= 100
torture: export TRUST_LEDGER_STORM_SECONDS ?= 3600
torture: packages
	+@$(MAKE) -s --no-print-directory all
	test/run test/tap/crash.pl test/tap/storm.pl

smith: MORE_PACKAGES = sqlsmith
fuzz: MORE_PACKAGES = clang libclang-rt-dev llvm
demo bench smith fuzz: packages
	+@$(MAKE) -s --no-print-directory all
	test/$@/run

versions:
	test/versions
