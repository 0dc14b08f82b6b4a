#!/bin/bash
# `run` of /bin/true with the default spec (runc spec, no terminal), side by side: gantry-oci, crun, runc.
#
#   run.sh GANTRY_OCI [ROUNDS] [VIEW]     VIEW: v2 (default) or v1, made in a private mount namespace
#
# Needs root, crun, runc, busybox-static, cc. Prints one table back to back and one with pauses of 30 ms.
set -eu
oci=$(realpath "$1") rounds=${2:-200} view=${3:-v2}
here=$(dirname "$(realpath "$0")")
if [ -z "${GANTRY_BENCH_INSIDE:-}" ]; then
	export GANTRY_BENCH_INSIDE=1
	exec unshare -m "$0" "$@"
fi
case $view in
v2) mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
v1) ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified ;;
*) echo "run.sh: view is v1 or v2" >&2; exit 2 ;;
esac
tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT
mkdir -p "$tmp/bundle/rootfs/bin"
cp "$(command -v busybox)" "$tmp/bundle/rootfs/bin/busybox"
ln -s busybox "$tmp/bundle/rootfs/bin/true"
(cd "$tmp/bundle" && runc spec && sed -i 's/"terminal": true/"terminal": false/; s|"sh"|"/bin/true"|' config.json)
cc -O2 -o "$tmp/interleave" "$here/interleave.c"
echo "cgroups $view, $(uname -r), $("$oci" --version | head -n 1), $(crun --version | head -n 1), $(runc --version | head -n 1)"
runs=()
for r in gantry-oci crun runc; do
	program=$r
	[ $r != gantry-oci ] || program=$oci
	if ! "$program" --root "$tmp/$r" run --bundle "$tmp/bundle" probe </dev/null >"$tmp/why" 2>&1; then
		echo "$r runs no container here: $(tail -n 1 "$tmp/why")"
		continue
	fi
	[ ${#runs[@]} = 0 ] || runs+=(--)
	runs+=("$r" "$program" --root "$tmp/$r" run --bundle "$tmp/bundle" bench)
done
for gap in 0 30; do "$tmp/interleave" -n "$rounds" -g $gap "${runs[@]}"; done
