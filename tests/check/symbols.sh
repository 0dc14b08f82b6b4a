#!/bin/sh
# Fails when the public headers, the version map, libgantry.so and libgantry.a do not name the very same functions.
# Usage: symbols.sh SOURCE BUILD
src=$1 build=$2
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
sed -nE 's/^GANTRY_API[^(]*[ *](gantry_[a-z0-9_]+)\(.*/\1/p' "$src"/include/gantry/*.h | sort >"$tmp/headers"
sed -nE 's/^[[:space:]]+(gantry_[a-z0-9_]+);/\1/p' "$src/src/libgantry.map" | sort >"$tmp/map"
nm -D --defined-only "$build/src/libgantry.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort >"$tmp/shared"
nm -g --defined-only "$build/src/libgantry.a" | awk 'NF == 3 { print $3 }' | sort >"$tmp/static"
[ -s "$tmp/headers" ] || { echo "no prototypes read"; exit 2; }
bad=0
for other in map shared static; do
	diff "$tmp/headers" "$tmp/$other" >"$tmp/diff" || {
		echo "headers (<) and $other (>) differ:"
		grep '^[<>]' "$tmp/diff"
		bad=1
	}
done
exit $bad
