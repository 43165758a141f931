# make                build the extension
# make install        install it
# make demo           play a week of a small company into a ledger, on a temporary server
# make test           run all tests, on temporary servers
# make packages       install the packages that building and testing need (Debian, Ubuntu)
# make indent         format C as PostgreSQL does
# make bench          measure the costs
# make fuzz           run libFuzzer on the binary and text formats
# make smith          run random queries (SQLsmith) and random calls
# make torture        kill servers while they write, 100 times; then an hour of concurrent clients
# make versions       run the tests on PostgreSQL 15, those that may differ on 17 and 18, pg_upgrade
#                     between them, and tests with assertions, valgrind and AddressSanitizer
#
# PG_CONFIG=/path/to/pg_config selects the PostgreSQL; the default is the pg_config in PATH.

EXTENSION = trust_ledger
MODULE_big = $(EXTENSION)
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c))

# The install script is sql/, in the order in which one concept needs another.
SQL_CONCEPTS = ledger/schema score/score score/opinion ledger/chain ledger/entry ledger/guard \
	governance/access verify/structure verify/check_structure ledger/ledger governance/settings \
	ledger/chain_score governance/adoption ledger/create verify/table_format ledger/migrate \
	ledger/copy ledger/views \
	promise/same_value governance/actor governance/policy promise/promise promise/promise_source \
	promise/lifecycle promise/terms promise/make_promises promise/backing promise/settlement \
	promise/assessment promise/pause promise/breach promise/note promise/confirmation \
	promise/erasure promise/history analysis/score_views analysis/score_query analysis/explain \
	analysis/trend analysis/sparkline analysis/human_backing analysis/promise_exceptions \
	analysis/exceptions analysis/analysis tracking/track_trigger tracking/pending_changes \
	tracking/condition tracking/mapping tracking/mapped_triggers tracking/trigger_catalog \
	tracking/former_key tracking/tracking_admin tracking/suspension tracking/ddl_follow \
	tracking/column_drop tracking/parked tracking/mapped_row tracking/import \
	tracking/reconcile verify/verify verify/rebuild verify/digest governance/rights

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
	@echo "cannot find PGXS with $(PG_CONFIG): run 'make packages', or set PG_CONFIG" >&2
	@exit 1
endif

.DEFAULT_GOAL := all
.PHONY: all install clean packages test demo bench torture smith fuzz versions indent

packages:
	test/packages test

# The build is a make of its own: this one could not read PGXS before the packages were installed.
# It uses all processors, unless the caller said how many jobs to run.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
define build_with_packages
test/packages $(1)
+@test/step 'Building the extension' $(MAKE) --no-print-directory $(JOBS) all
endef

test:
	$(call build_with_packages,test)
	test/run

torture: export TRUST_LEDGER_KILLS ?= 100
torture: export TRUST_LEDGER_STRESS_SECONDS ?= 3600
torture:
	$(call build_with_packages,test)
	test/run test/tap/crash.pl test/tap/stress.pl

demo bench:
	$(call build_with_packages,demo)
	test/$@/run

smith fuzz:
	$(call build_with_packages,$@)
	test/$@/run

versions:
	test/versions

indent:
	test/indent
