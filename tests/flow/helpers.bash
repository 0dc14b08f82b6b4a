# shellcheck shell=bash
# What every flow test has: the command under test, private state places, a root filesystem, and a
# way to see what is left on the host. The binaries come in by GANTRY and GANTRY_OCI.

# once for a file: `setup_file() { flow_file; }`
flow_file() {
	: "${GANTRY:?the command to test}" "${GANTRY_OCI:?the runtime to test}"
	[ -x "$GANTRY" ] && [ -x "$GANTRY_OCI" ] || { echo "not there: $GANTRY or $GANTRY_OCI" >&2; return 1; }
	export GANTRY GANTRY_OCI
	unset GANTRY_ENGINE
	export ROOTFS=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,etc,proc,root,sys,tmp}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	local applet
	for applet in sh true false sleep cat echo env id hostname kill head wc pwd grep ls touch mount dd tr sha256sum; do
		ln -s busybox "$ROOTFS/bin/$applet"
	done
	echo 'no program' >"$ROOTFS/bin/plain"
	chmod 644 "$ROOTFS/bin/plain"
}

# for each test: `setup() { flow_test; }`
flow_test() {
	export GANTRY_ROOT=$BATS_TEST_TMPDIR/root GANTRY_RUN=$BATS_TEST_TMPDIR/run
	# a length of sleep that no other test and nobody else on this host has: what still sleeps it is ours
	export NAP=$((1000000 + RANDOM * 32768 + RANDOM))
	export TAG=t$NAP
}

# `teardown() { flow_end; }`
flow_end() {
	local e
	for e in $(engines); do
		timeout 60 "$GANTRY" -E "$e" ps -aq --filter "label=flow=$TAG" 2>/dev/null | while read -r id; do
			timeout 60 "$GANTRY" -E "$e" rm -f "$id" >/dev/null 2>&1 || true
		done
	done
}

# No call may hang a suite; a test that is about time says so itself.
gantry() { timeout -k 5 60 "$GANTRY" "$@"; }

need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# The engines that run containers here; FLOW_ENGINES names them when only some are of interest.
engines() {
	if [ -n "${FLOW_ENGINES:-}" ]; then
		printf '%s\n' $FLOW_ENGINES
		return
	fi
	if [ "$(id -u)" = 0 ]; then
		echo native
		if command -v runc >/dev/null; then echo oci:runc; fi
	fi
	if [ -n "${DOCKER_HOST:-}" ]; then echo docker; fi
}

# What to run on engine $1, as words for the command line.
on() {
	case $1 in
	docker) echo "${GANTRY_TEST_IMAGE:?}" ;;
	*) echo "--rootfs $ROOTFS --" ;;
	esac
}

# grun ENGINE OPTION... -- COMMAND...: gantry run on that engine, marked as this test's
grun() {
	local on=$1 opts=()
	shift
	while [ "$1" != -- ]; do
		opts+=("$1")
		shift
	done
	shift
	# shellcheck disable=SC2046
	gantry -E "$on" run --label "flow=$TAG" "${opts[@]}" $(on "$on") "$@"
}

# Runs what follows; fails when the exit code is not $1, and shows all there is to see.
expect() {
	local want=$1 got=0
	shift
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	out=$(cat "$BATS_TEST_TMPDIR/out")
	err=$(cat "$BATS_TEST_TMPDIR/err")
	if [ $got = "$want" ]; then return 0; fi
	printf 'exit code %s, not %s: %s\nstdout: %s\nstderr: %s\n' $got "$want" "$*" "$out" "$err" >&2
	return 1
}

# Runs the test function $1 once for every engine, which it gets as its argument. After it (and before: --traces)
# the host is as it was.
each() {
	local engine traces=
	if [ "$1" = --traces ]; then
		traces=1
		shift
	fi
	[ -n "$(engines)" ] || skip "no engine here"
	for engine in $(engines); do
		echo "# on $engine" >&2
		[ -z "$traces" ] || traces_begin "$engine"
		"$1" "$engine"
		[ -z "$traces" ] || traces_end
	done
}

# What was said on stderr is one line that begins with "gantry: $1: " and fits the pattern $2. In the foreground a foreign
# runtime has the container's stderr for its own words too: these may stand before ours.
said() {
	case ${engine:-} in
	oci:*) err=$(grep '^gantry: ' <<<"$err") ;;
	esac
	[ "$(printf '%s\n' "$err" | wc -l)" = 1 ] || { printf 'not one line: %s\n' "$err" >&2; return 1; }
	[[ $err == "gantry: $1: "* ]] || { printf 'not "gantry: %s: ...": %s\n' "$1" "$err" >&2; return 1; }
	[[ $err =~ $2 ]] || { printf 'does not fit /%s/: %s\n' "$2" "$err" >&2; return 1; }
}

# text is what: equality that shows both sides
same() {
	[ "$1" = "$2" ] || { printf 'got:  %s\nwant: %s\n' "$1" "$2" >&2; return 1; }
}

# Waits until the command succeeds.
eventually() {
	local n
	for ((n = 0; n < 100; n++)); do
		"$@" && return
		sleep 0.1
	done
	printf 'never: %s\n' "$*" >&2
	return 1
}

# Processes that this test's containers left: by the nap they take, or by the state place they were started with.
processes() {
	local p
	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" != $$ ] && [ "${p#/proc/}" != "$BASHPID" ] || continue
		if tr '\0' ' ' <"$p/cmdline" | grep -q "sleep $NAP\$\|gantry-oci.*$GANTRY_RUN"; then
			echo "${p#/proc/}: $(tr '\0' ' ' <"$p/cmdline")"
		elif tr '\0' '\n' <"$p/environ" | grep -qx "GANTRY_RUN=$GANTRY_RUN" &&
			[[ $(readlink "$p/exe") == *gantry* || $(readlink "$p/exe") == *memfd* ]]; then
			echo "${p#/proc/}: $(readlink "$p/exe")"
		fi
	done 2>/dev/null
}

# Cgroups of this test's containers: by their name, or by the state directory that native marks them with.
cgroups() {
	local mine=(-e "$TAG") dev ino
	while read -r dev ino; do
		mine+=(-e "$(printf '@%x.%x' "$dev" "$ino")")
	done < <(find "$GANTRY_RUN" -maxdepth 2 -type d -printf '%D %i\n' 2>/dev/null)
	find /sys/fs/cgroup -mindepth 2 -type d 2>/dev/null | grep -F "${mine[@]}" | sort
}

# Everything on the host that a container of this test could have left behind.
traces() {
	echo "mounts: $(grep -c "$BATS_TEST_TMPDIR\|$BATS_FILE_TMPDIR" /proc/self/mountinfo)"
	echo "processes:"
	processes | sed 's/^[0-9]*: /  /'
	echo "cgroups:"
	cgroups
	echo "files:"
	find "$GANTRY_ROOT" "$GANTRY_RUN" -mindepth 1 2>/dev/null | sort
}

# Notes what is there, once a first container has made the directories that stay.
traces_begin() {
	local e
	for e in "$@"; do
		grun "$e" --rm -- true
	done
	traces >"$BATS_TEST_TMPDIR/before"
}

same_traces() {
	traces >"$BATS_TEST_TMPDIR/after"
	cmp -s "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

# The same is there as at traces_begin; what ends asynchronously (a monitor) gets some time for it.
traces_end() {
	eventually same_traces || { diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" >&2; return 1; }
}
