# What test/run, the demo and the benchmarks share; to be sourced by bash.
#
#	prepare             a fresh directory $WORK with a private PostgreSQL and a copy of the checkout,
#	                    both readable for the server's user; all of it goes away at exit. Run by a
#	                    test, $WORK alone: the test's PostgreSQL and copy serve
#	as_server_user CMD  runs CMD as that user
#	start_server DIR    starts a server in DIR (below $WORK; options for postgres may follow) and
#	                    points psql at it
#	stop_server DIR     stops it
#	under_valgrind      servers that start from now on run under valgrind, where PG_CONFIG's was built for
#	                    it (test/checked_server); what it has to say is in $WORK/log/valgrind.*
#	under_sanitizer     servers that start from now on have our library built with AddressSanitizer; what
#	                    it has to say is in $WORK/log/sanitizer.*
#	run_job CMD         runs CMD; a signal ends it and all that it started
#	keep_work           leaves data and logs in $WORK at exit (servers are stopped all the same)
#
# Set by prepare:
#	ROOT    the checkout                       TREE  its copy below $WORK, writable
#	BINDIR  the private programs, first in PATH
#	PGXS_TEST  PostgreSQL's own test tools     DATA  ../shared/data beside the checkout, or ''

set -euo pipefail
umask 022

ROOT=$(realpath "${BASH_SOURCE%/*}/..")
# By its path: the private installation has a pg_config too, but no headers to build with.
PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}") ||
	{ echo "no pg_config: 'make packages' installs it, PG_CONFIG=... names another" >&2; exit 1; }
WORK=
KEEP=
JOB=

# No setting of the caller's may lead a client to a server that is not ours, or change what it says.
for name in ${!PG*}; do
	case $name in PG_*) ;; *) unset "$name" ;; esac
done
unset name LANGUAGE ${!LC_*}
export LANG=C.UTF-8 TZ=UTC PG_CONFIG

# initdb and postgres refuse root.
SERVER_USER=$(id -un)
if ((EUID == 0)); then
	SERVER_USER=nobody
	! id postgres >/dev/null 2>&1 || SERVER_USER=postgres
fi

as_server_user() {
	if ((EUID == 0)); then
		setpriv --reuid="$SERVER_USER" --regid="$(id -g "$SERVER_USER")" --clear-groups -- "$@"
	else
		"$@"
	fi
}

prepare() {
	# Sockets' paths are limited to some hundred bytes: a long TMPDIR is not for us.
	local tmp=${TMPDIR:-/tmp}
	((${#tmp} <= 40)) || tmp=/tmp
	WORK=$(realpath "$(mktemp -d "$tmp/trust_ledger.XXXXXX")")
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	if [[ ${TREE:-} == "$ROOT" ]]; then
		mkdir "$WORK/tmp" "$WORK/log"
		export WORK TMPDIR=$WORK/tmp HOME=$WORK
		cd "$TREE"
		return
	fi

	TREE=$WORK/tree
	DATA=
	"$ROOT/test/private_install" "$WORK/pg"
	mkdir "$TREE" "$WORK/tmp" "$WORK/log"
	tar -C "$ROOT" --exclude=./.git --exclude='*.o' --exclude='*.so' -cf - . | tar -C "$TREE" -xf - --no-same-owner
	if [[ -d $ROOT/../shared/data ]]; then
		DATA=$WORK/shared/data
		mkdir "$WORK/shared"
		cp -r "$ROOT/../shared/data" "$DATA"
	fi
	chmod -R u+w,a+rX "$WORK"
	if ((EUID == 0)); then
		chown -R "$SERVER_USER:" "$TREE" "$WORK/tmp" "$WORK/log"
		chown "$SERVER_USER:" "$WORK"
	fi
	chmod 700 "$WORK"

	BINDIR=$WORK/pg$("$PG_CONFIG" --bindir)
	PGXS_TEST=$WORK/pg$("$PG_CONFIG" --pkglibdir)/pgxs/src/test
	export ROOT WORK TREE DATA BINDIR PGXS_TEST
	export PATH=$BINDIR:$PATH TMPDIR=$WORK/tmp HOME=$WORK
	cd "$TREE"
}

start_server() {
	local dir=$1 options
	shift
	[[ -d $dir ]] || as_server_user mkdir "$dir"
	[[ -d $dir/data ]] ||
		as_server_user initdb -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log"
	# pg_ctl hands the options to a shell.
	options=(-c listen_addresses= -c unix_socket_directories="$dir" "$@")
	if ! as_server_user pg_ctl -D "$dir/data" -l "$dir/log" -o "${options[*]@Q}" -w start >/dev/null; then
		tail -n 20 "$dir/log" >&2
		return 1
	fi
	export PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
}

stop_server() { end_server "$1/data/postmaster.pid" INT; }

# end_server PIDFILE SIGNAL: by process id, and only if that process still is a server of ours. Its program
# may be valgrind's, its directory is its own.
end_server() {
	local pid dir tries
	pid=$(head -n 1 "$1" 2>/dev/null) || return 0
	dir=$(readlink "/proc/$pid/cwd") || return 0
	[[ $dir == "${1%/*}" ]] || return 0
	kill "-$2" "$pid" 2>/dev/null || return 0
	for ((tries = 0; tries < 300; tries++)); do
		[[ -e $1 ]] && kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	echo "server $pid ($1) does not stop" >&2
	return 1
}

# Not initdb's: that takes minutes, and is PostgreSQL's affair.
under_valgrind() {
	mv "$BINDIR/postgres" "$BINDIR/postgres.bin"
	cat >"$BINDIR/postgres" <<-SH
		#!/bin/bash
		[[ \$1 == -D ]] || exec "\$0.bin" "\$@"
		exec valgrind --quiet --num-callers=30 --error-limit=no --gen-suppressions=all \
			--suppressions="$("$PG_CONFIG" --sharedir)/valgrind.supp" --log-file="$WORK/log/valgrind.%p" "\$0.bin" "\$@"
	SH
	chmod +x "$BINDIR/postgres"
	export PGCTLTIMEOUT=600 TRUST_LEDGER_TIMEOUT=3000
}

# PostgreSQL itself stays as it is: seen is what our code, or a function of the C library's, does with memory that was
# given back to the C library.
under_sanitizer() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$TREE" install PG_CONFIG="$PG_CONFIG" DESTDIR="$WORK/pg" \
		COPT='-g -O1 -fsanitize=address -fno-omit-frame-pointer -Wno-error' >/dev/null
	gcc -shared -fPIC -fno-builtin -o "$WORK/no_nls.so" "$TREE/test/fuzz/preload/no_nls.c"
	chmod a+r "$WORK/no_nls.so"
	mv "$BINDIR/postgres" "$BINDIR/postgres.bin"
	cat >"$BINDIR/postgres" <<-SH
		#!/bin/bash
		[[ \$1 == -D ]] || exec "\$0.bin" "\$@"
		export ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:verify_asan_link_order=0:log_path=$WORK/log/sanitizer"
		LD_PRELOAD="$(gcc -print-file-name=libasan.so) $WORK/no_nls.so" exec "\$0.bin" "\$@"
	SH
	chmod +x "$BINDIR/postgres"
}

# In the background, because bash sees to a signal only between commands; in a process group of its
# own, so that all of it can be ended.
run_job() {
	local status=0
	set -m
	"$@" </dev/null &
	JOB=$!
	set +m
	wait "$JOB" || status=$?
	JOB=
	return "$status"
}

keep_work() { KEEP=yes; }

cleanup() {
	local status=$? file
	trap '' INT TERM HUP
	trap - EXIT
	if [[ $JOB ]]; then
		kill -TERM -- "-$JOB" 2>/dev/null
		wait "$JOB" 2>/dev/null
	fi || :
	# Whatever server was left behind below $WORK, by a test that died too. Nobody needs its data.
	while read -r file; do
		end_server "$file" QUIT || :
	done < <(find "$WORK" -name postmaster.pid 2>/dev/null)
	cd /
	# The copy of PostgreSQL is the bulk of it, and made again at will.
	rm -rf "$WORK/${KEEP:+pg}"
	exit "$status"
}
