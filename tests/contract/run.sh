#!/bin/bash
# Runs the contract suite against engines.
#
#   run.sh SUITE [ENGINE...]     ENGINE: null native oci:runc oci:crun docker podman (default: all)
#
# Which engines are there is read from the variables that tests/engines.sh exports (DOCKER_HOST,
# CONTAINER_HOST, PODMAN, RUNC, CRUN, GANTRY_TEST_IMAGE) and from PATH. native and oci need GANTRY_OCI
# or an installed gantry-oci. Beyond the suite's own tests it looks for what was left behind: mounts,
# processes, cgroups, records, and for a container that gantry did not make and clean must not touch.
set -u
suite=$1
shift
[ $# -gt 0 ] || set -- null native oci:runc oci:crun docker podman
image=${GANTRY_TEST_IMAGE:-}
dir=$(mktemp -d /tmp/contract-XXXXXX) || exit 2
chmod 755 "$dir"
export GANTRY_CONTRACT_DIR=$dir/scratch GANTRY_ROOT=$dir/root GANTRY_RUN=$dir/run
unset GANTRY_CONTRACT_IMAGE GANTRY_CONTRACT_ROOTFS GANTRY_CONTRACT_BUNDLE GANTRY_CONTRACT_FOREIGN GANTRY_ENGINE
rc=0

not_ok() { echo "not ok $engine: $*"; rc=1; }
ok() { echo "ok $engine: $*"; }
finish() {
	local m
	# only what is below our own directory
	awk '{ print $5 }' /proc/self/mountinfo | grep "^$dir/" | sort -r | while read -r m; do umount -l "$m"; done
	rm -rf --one-file-system "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

make_rootfs() {
	local root=$dir/rootfs applet busybox
	[ ! -e "$root" ] || return 0
	busybox=$(command -v busybox) || return 1
	mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,run}
	chmod 1777 "$root/tmp"
	cp "$busybox" "$root/bin/busybox"
	"$root/bin/busybox" --list | while read -r applet; do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\n' >"$root/etc/group"
}

make_bundle() {
	local spec=${GANTRY_OCI:-gantry-oci}
	[ ! -e "$dir/bundle" ] || return 0
	command -v runc >/dev/null && spec=runc
	mkdir "$dir/bundle"
	cp -a "$dir/rootfs" "$dir/bundle/rootfs"
	(cd "$dir/bundle" && "$spec" spec) || return
	sed -i -e 's/"terminal": true/"terminal": false/' -e 's/^\(\t*\)"sh"$/\1"sh", "-c", "exit 7"/' "$dir/bundle/config.json"
	grep -q '"exit 7"' "$dir/bundle/config.json"
}

# ---- one engine ------------------------------------------------------------------------------------

# Sets `address` and what it runs, or says why the engine is skipped.
choose() {
	local program
	export GANTRY_CONTRACT_IMAGE='' GANTRY_CONTRACT_ROOTFS='' GANTRY_CONTRACT_BUNDLE='' GANTRY_CONTRACT_FOREIGN=''
	address=$engine
	case $engine in
	null) return 0 ;;
	native | oci:*)
		[ "$(id -u)" = 0 ] || { echo "skip: $engine needs root"; return 1; }
		[ -n "${GANTRY_OCI:-}" ] || command -v gantry-oci >/dev/null || { echo "skip: $engine: no gantry-oci"; return 1; }
		make_rootfs && make_bundle || { echo "skip: $engine: no busybox for a rootfs"; return 1; }
		GANTRY_CONTRACT_ROOTFS=$dir/rootfs GANTRY_CONTRACT_BUNDLE=$dir/bundle
		;;&
	oci:*)
		program=${engine#oci:}
		[ "$program" != runc ] || program=${RUNC:-runc}
		[ "$program" != crun ] || program=${CRUN:-crun}
		command -v "$program" >/dev/null || { echo "skip: $engine is not here"; return 1; }
		address=oci:$program,root=$dir/oci-root
		mkdir -p "$dir/oci-root"
		;;
	docker | podman)
		[ -n "$image" ] || { echo "skip: $engine: GANTRY_TEST_IMAGE is not set"; return 1; }
		[ "$engine" = docker ] || [ -n "${CONTAINER_HOST:-}" ] || { echo "skip: podman is not here"; return 1; }
		[ "$engine" = podman ] || [ -n "${DOCKER_HOST:-}" ] || { echo "skip: docker is not here"; return 1; }
		GANTRY_CONTRACT_IMAGE=$image
		;;
	esac
	return 0
}

# The engine's own command, for a container that gantry has nothing to do with.
own() {
	case $engine in
	docker) docker "$@" ;;
	podman) "${PODMAN:-podman}" "$@" ;;
	esac
}

foreign_up() {
	foreign=
	case $engine in
	docker | podman)
		foreign=foreign-$$
		own run -d --name "$foreign" "$image" sleep 1000 >/dev/null || foreign=
		GANTRY_CONTRACT_FOREIGN=$foreign
		;;
	native | oci:*)
		foreign=foreign-$$
		sed 's/"exit 7"/"sleep 1000"/' "$dir/bundle/config.json" >"$dir/bundle/foreign.json"
		mkdir -p "$dir/foreign" && mv "$dir/bundle/foreign.json" "$dir/foreign/config.json"
		cp -a "$dir/rootfs" "$dir/foreign/rootfs"
		"$(runtime)" --root "$(state)" run -d -b "$dir/foreign" "$foreign" </dev/null >/dev/null 2>&1 || foreign=
		# native lists what gantry-oci made by itself; of a runtime's containers only ours are known
		[ "$engine" != native ] || GANTRY_CONTRACT_FOREIGN=$foreign
		;;
	esac
}

runtime() { local a=${address#oci:}; a=${a%%,*}; echo "${a/#native/$GANTRY_OCI}"; }
state() { case $engine in native) echo "$GANTRY_RUN/oci" ;; *) echo "$dir/oci-root" ;; esac; }

foreign_check() {
	[ -n "$foreign" ] || return 0
	case $engine in
	docker | podman)
		[ "$(own inspect -f '{{.State.Running}}' "$foreign")" = true ] && ok "the foreign container is untouched" ||
			not_ok "the foreign container was touched"
		own kill "$foreign" >/dev/null
		own rm -f "$foreign" >/dev/null
		;;
	native | oci:*)
		"$(runtime)" --root "$(state)" state "$foreign" | grep -q '"status": *"running"' &&
			ok "the foreign container is untouched" || not_ok "the foreign container was touched"
		"$(runtime)" --root "$(state)" delete --force "$foreign"
		rm -rf "$dir/foreign"
		;;
	esac
}

# Processes whose command line names our directory: monitors, runtimes, keepers. The pattern comes
# from a file, so that grep does not find itself.
ours() { grep -lzF -f <(echo "$dir/") /proc/[0-9]*/cmdline 2>/dev/null || true; }

leftovers() {
	local n left
	n=$(awk '{ print $5 }' /proc/self/mountinfo | grep -c "^$dir/") || true
	[ "$n" = 0 ] && ok "no mount is left" || not_ok "$n mounts are left"
	for n in 1 2 3 4 5 6 7 8 9 10; do
		left=$(ours)
		[ -n "$left" ] || break
		sleep 0.3 # a monitor writes its record, then ends
	done
	[ -z "$left" ] && ok "no process is left" || not_ok "processes are left: $(echo "$left" | tr '\n' ' ')"
	left=$(find "$GANTRY_ROOT/containers" -mindepth 2 -maxdepth 2 2>/dev/null | head -n 3)
	[ -z "$left" ] && ok "no record is left" || not_ok "records are left: $left"
	# cgroups of containers that tests named (ct-PID-N-WORD) and whose test is over
	left=$(find /sys/fs/cgroup -type d -name 'ct-[0-9]*' 2>/dev/null | while read -r n; do
		set -- "${n##*/ct-}"
		[ -e "/proc/${1%%-*}" ] || echo "$n"
	done | head -n 3)
	[ -z "$left" ] && ok "no cgroup is left" || not_ok "cgroups are left: $left"
}

for engine; do
	choose || continue
	mkdir -p "$GANTRY_CONTRACT_DIR" "$GANTRY_ROOT" "$GANTRY_RUN"
	foreign_up
	# what was left out did not pass: take it off libcheck's count
	GANTRY_CONTRACT_ENGINE=$address "$suite" | awk '/^(skip|n\/a): / { n++ }
		/^[0-9]+%: Checks: / { $3 = $3 - n "," } { print; fflush() }'
	[ "${PIPESTATUS[0]}" = 0 ] && ok "the suite" || not_ok "the suite"
	foreign_check
	case $engine in native | oci:*) leftovers ;; esac
	rm -rf --one-file-system "$dir/scratch" "$dir/root" "$dir/run" "$dir/oci-root"
done
exit $rc
