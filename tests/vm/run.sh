#!/bin/bash
# Limits on a pure cgroup v2 host: boots Debian's cloud kernel in an emulated machine (no KVM, no network, no disk)
# whose cgroup2 has every controller, and runs cases.sh there. TAP on stdout; the whole console only when it went wrong.
#
#   run.sh BUILD WORK    BUILD holds src/gantry and src/gantry-oci; WORK keeps the kernel between runs
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)/src
mkdir -p "$2"
work=$(cd "$2" && pwd)
seconds=${VM_SECONDS:-180} # 15 to 60 is usual

if [ "$(uname -m)" != x86_64 ]; then
	echo "ok 1 - limits on cgroup v2 # skip the emulated machine is x86-64, this one is $(uname -m)"
	exit 0
fi

tmp=$(mktemp -d)
qemu=
finish() {
	if [ -n "$qemu" ]; then
		kill -KILL "$qemu" 2>/dev/null || true
		wait "$qemu" 2>/dev/null || true
	fi
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- the kernel ----------------------------------------------------------------------------------

# The package is unpacked, not installed: this host's own boot is none of our business. The name of
# today's kernel stands in what the metapackage depends on.
package() {
	apt-cache depends --important linux-image-cloud-amd64 | sed -nE 's/^ *Depends: (linux-image-[0-9].*)/\1/p' | head -n 1
}

fetch() { # the kernel into $work/kernel, whole or not at all
	local name
	name=$(package)
	[ -n "$name" ] && (cd "$tmp" && apt-get download -q "$name" >&2) || return
	mkdir "$tmp/kernel"
	dpkg-deb --fsys-tarfile "$tmp/$name"_*.deb | tar -x -C "$tmp/kernel" --wildcards './boot/vmlinuz-*' \
		'*/zsmalloc.ko' '*/lzo.ko' '*/lzo-rle.ko' '*/zram.ko'
	rm -rf "$work/kernel"
	mv "$tmp/kernel" "$work/kernel"
}

if [ ! -d "$work/kernel" ]; then
	# old package lists name files that are gone
	fetch || { apt-get update -q >&2 && fetch; } || { echo "not ok 1 - fetch linux-image-cloud-amd64"; exit 1; }
fi
kernel=("$work"/kernel/boot/vmlinuz-*)

# ---- what the machine runs -----------------------------------------------------------------------

# put FILE NAME: with the libraries it asks for, at their own places
root=$tmp/root
mkdir -p "$root/bin" "$root/modules" "$root/dev"
put() {
	local lib
	install -D "$1" "$root/$2"
	for lib in $(LD_LIBRARY_PATH=$build ldd "$1" 2>/dev/null | grep -oE '/[^ ]+'); do
		case $lib in
		"$build"/*) install -D "$lib" "$root/lib/${lib##*/}" ;;
		*) install -D "$lib" "$root$lib" ;;
		esac
	done
}
put "$(command -v busybox)" bin/busybox
put "$(command -v strace)" bin/strace
put "$build/gantry-oci" bin/gantry-oci
put "$build/gantry" bin/gantry
find "$work/kernel" -name '*.ko' -exec cp {} "$root/modules/" \;
install "$here/init" "$root/init"
install -m 644 "$here/cases.sh" "$root/cases.sh"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$tmp/initramfs"

# ---- boot ----------------------------------------------------------------------------------------

qemu-system-x86_64 -machine q35 -accel tcg -cpu max -smp 2 -m 512 -nodefaults -no-user-config -display none -nic none \
	-no-reboot -serial "file:$tmp/console" -kernel "${kernel[0]}" -initrd "$tmp/initramfs" \
	-append 'console=ttyS0 quiet loglevel=1 panic=-1 random.trust_cpu=on' </dev/null >"$tmp/qemu" 2>&1 &
qemu=$!
for ((end = SECONDS + seconds; SECONDS < end; )); do
	kill -0 "$qemu" 2>/dev/null || break
	sleep 0.5
done
ended=
if ! kill -0 "$qemu" 2>/dev/null; then
	wait "$qemu" && ended=1
	qemu=
fi

# ---- what it said --------------------------------------------------------------------------------

tr -d '\r' <"$tmp/console" >"$tmp/text" 2>/dev/null || true
tap=$(grep -aE '^(ok|not ok) |^1\.\.[0-9]+$|^# ' "$tmp/text" || true)
[ -z "$tap" ] || printf '%s\n' "$tap"
plan=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' <<<"$tap")
lines=$(grep -cE '^(ok|not ok) ' <<<"$tap" || true)
bad=$(grep -c '^not ok ' <<<"$tap" || true)
if [ -z "$ended" ] || [ -z "$plan" ] || [ "$plan" != "$lines" ]; then
	echo "not ok $((lines + 1)) - the machine comes to its end (${ended:+it did, }$lines of ${plan:-unknown} cases, at most ${seconds}s)"
	bad=$((bad + 1))
fi
if [ "$bad" != 0 ] || [ -n "${VM_VERBOSE:-}" ]; then
	sed 's/^/console: /' "$tmp/text"
	sed 's/^/qemu: /' "$tmp/qemu"
	exit 1
fi
