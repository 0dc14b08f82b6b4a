#!/bin/sh
# Installs, builds examples/ against the installed gantry.pc (C11 and C++11, shared and --static), runs them, uninstalls, and
# fails when anything of that does not work, warns, or is left behind. Also fails when an example misses an *_INIT or a *_closep.
# Usage: install.sh SOURCE BUILD PREFIX (the prefix the build was configured with; must not exist yet)
set -e
src=$1 build=$2 prefix=$3
[ ! -e "$prefix" ] || { echo "$prefix is in the way"; exit 2; }
ninja -C "$build" install >/dev/null
trap 'rm -rf "$prefix"' EXIT
pc=$(find "$prefix" -name gantry.pc)
export PKG_CONFIG_PATH="${pc%/gantry.pc}"
lib=${PKG_CONFIG_PATH%/pkgconfig}
for n in $(grep -ohE 'GANTRY_[A-Z_]+_INIT|gantry_[a-z_]+p\(struct' "$src"/include/gantry/*.h | sed 's/(struct//' | sort -u); do
	for e in "$src"/examples/*.c "$src"/examples/*.cc; do
		grep -q "$n" "$e" || { echo "$e does not use $n"; exit 1; }
	done
done
strict="-Wall -Wextra -pedantic-errors -Werror"
for kind in shared static; do
	flags="--cflags --libs"
	[ $kind = shared ] || flags="--static $flags"
	for e in "$src"/examples/*.c "$src"/examples/*.cc; do
		case $e in *.c) cc="cc -std=c11" ;; *) cc="c++ -std=c++11" ;; esac
		out=$prefix/example
		if [ $kind = static ]; then
			# the archive itself, named, so that the shared object beside it cannot answer
			# shellcheck disable=SC2046,SC2086
			$cc $strict "$e" -o "$out" $(pkg-config --cflags gantry) "$lib/libgantry.a" $(pkg-config --static --libs-only-l gantry | sed 's/-lgantry//')
			! readelf -dW "$out" | grep -q 'libgantry' || { echo "$e: static, but needs libgantry.so"; exit 1; }
			# and wholly static; the linker warns that dlopen will want the same libc at run time
			# shellcheck disable=SC2046,SC2086
			$cc $strict -static "$e" -o "$out-static" $(pkg-config $flags gantry) 2>"$out.log" || { cat "$out.log"; exit 1; }
			! readelf -lW "$out-static" | grep -q INTERP || { echo "$e: -static, but not static"; exit 1; }
		else
			# shellcheck disable=SC2046,SC2086
			$cc $strict "$e" -o "$out" $(pkg-config $flags gantry)
		fi
		LD_LIBRARY_PATH=$lib "$out" >"$out.log" || { cat "$out.log"; echo "$e ($kind) failed"; exit 1; }
		echo "ok $(basename "$e") $kind"
	done
done
rm -f "$prefix"/example*
ninja -C "$build" uninstall >/dev/null
left=$(find "$prefix" ! -type d 2>/dev/null || true)
[ -z "$left" ] || { echo "left after uninstall:"; echo "$left"; exit 1; }
