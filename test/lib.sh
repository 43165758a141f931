# Functions that test/run, the demo and the benchmarks share, for bash.
#
#	prepare             makes a directory $WORK with a private PostgreSQL and a copy of the
#	                    checkout, both readable for the server's user, and removes it at exit. In a
#	                    script that a test runs, it makes $WORK only: the script uses the PostgreSQL
#	                    and the copy of the test
#	as_server_user CMD  runs CMD as that user
#	start_server DIR    starts a server in DIR (below $WORK; options for postgres may follow) and
#	                    sets the environment so that clients connect to it
#	stop_server DIR     stops it
#	under_valgrind      makes later servers run under valgrind, if PG_CONFIG's PostgreSQL was built
#	                    for that (test/checked_server); reports are in $WORK/log/valgrind.*
#	under_sanitizer     makes later servers load our library built with AddressSanitizer; reports
#	                    are in $WORK/log/sanitizer.*
#	run_job CMD         runs CMD; a signal ends it and all processes that it started
#	keep_work           makes the exit keep data and logs in $WORK (it still stops servers)
#	step TEXT CMD       runs CMD and says so (test/step)
#
# Set by prepare:
#	ROOT       the checkout
#	TREE       its copy below $WORK, writable
#	BINDIR     the programs of the private PostgreSQL, first in PATH
#	PGXS_TEST  PostgreSQL's own test tools
#	DATA       ../shared/data beside the checkout, or '' if there is none

set -euo pipefail
umask 022
. "${BASH_SOURCE%/*}/step"

ROOT=$(realpath "${BASH_SOURCE%/*}/..")
# With its path: the private PostgreSQL has a pg_config too, but no headers to build with.
PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}") ||
	{ echo "cannot find pg_config: run 'make packages', or set PG_CONFIG" >&2; exit 1; }
WORK=
KEEP=
JOB=

# The caller's settings must not connect a client to another server, or change what it prints.
for name in ${!PG*}; do
	case $name in PG_*) ;; *) unset "$name" ;; esac
done
unset name LANGUAGE ${!LC_*}
export LANG=C.UTF-8 TZ=UTC PG_CONFIG

# initdb and postgres cannot be run as root.
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
	# The path of a socket has at most about 100 bytes, so do not use a long TMPDIR.
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
	# pg_ctl passes the options to a shell.
	options=(-c listen_addresses= -c unix_socket_directories="$dir" "$@")
	if ! as_server_user pg_ctl -D "$dir/data" -l "$dir/log" -o "${options[*]@Q}" -w start >/dev/null; then
		tail -n 20 "$dir/log" >&2
		return 1
	fi
	export PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
}

stop_server() { end_server "$1/data/postmaster.pid" INT; }

# end_server PIDFILE SIGNAL: sends SIGNAL to the server of PIDFILE, and waits until it has stopped.
# Does nothing if another process has that id by now: a server runs in its data directory.
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
	echo "server $pid ($1) did not stop" >&2
	return 1
}

# initdb runs without valgrind: it would take minutes, and does not use our code.
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

# PostgreSQL itself is not built with AddressSanitizer. So this finds uses of freed memory in our
# code and in functions of the C library.
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

# In the background, because bash handles a signal only after a command in the foreground has ended;
# in its own process group, so that cleanup can end all of its processes.
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
	end_step "$status" || :
	if [[ $JOB ]]; then
		kill -TERM -- "-$JOB" 2>/dev/null
		wait "$JOB" 2>/dev/null
	fi || :
	# Stop all servers below $WORK, also those of tests that died. Their data is not needed.
	while read -r file; do
		end_server "$file" QUIT || :
	done < <(find "$WORK" -name postmaster.pid 2>/dev/null)
	cd /
	# The copy of PostgreSQL is large and can be made again, so keep_work does not keep it.
	rm -rf "$WORK/${KEEP:+pg}"
	exit "$status"
}
