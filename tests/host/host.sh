#!/bin/sh
# Runs the host program on null and native with a rootfs made on the spot.
# Usage: host.sh HOST    (GANTRY_OCI names the runtime; needs root for native)
set -u
dir=$(mktemp -d) || exit 2
trap 'rm -rf --one-file-system "$dir"' EXIT
trap 'exit 130' INT TERM
export GANTRY_ROOT="$dir/root" GANTRY_RUN="$dir/run" GANTRY_HOST_ROOTFS=
if [ "$(id -u)" = 0 ] && { [ -n "${GANTRY_OCI:-}" ] || command -v gantry-oci >/dev/null; } &&
	busybox=$(command -v busybox); then
	root=$dir/rootfs
	mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/proc" "$root/sys" "$root/tmp" "$root/run"
	cp "$busybox" "$root/bin/busybox"
	for applet in sh sleep true; do ln -s busybox "$root/bin/$applet"; done
	GANTRY_HOST_ROOTFS=$root
fi
"$1"
