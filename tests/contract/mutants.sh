#!/bin/sh
# Shows for every operation that breaking it turns the contract suite red.
# Usage: mutants.sh CONTRACT-MUTANTS
# Runs the suite on null, once as it is (has to pass) and once with each lie (has to fail by a
# failed expectation, not by a crash). The last line is "mutants: N of N caught".
set -u
suite=$1
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
export GANTRY_CONTRACT_ENGINE=null GANTRY_CONTRACT_DIR="$dir" GANTRY_ROOT="$dir/root" GANTRY_RUN="$dir/run"
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
unset GANTRY_CONTRACT_IMAGE GANTRY_CONTRACT_ROOTFS GANTRY_CONTRACT_BUNDLE GANTRY_CONTRACT_FOREIGN GANTRY_MUTANT

if ! "$suite" > "$dir/honest" 2>&1; then
	echo "mutants: the suite fails without a lie:"
	cat "$dir/honest"
	exit 1
fi
lies=$("$suite" --list)
[ -n "$lies" ] || { echo "mutants: no lies"; exit 2; }
all=0 caught=0 running=0
for lie in $lies; do
	(
		GANTRY_MUTANT=$lie "$suite" > "$dir/$lie.out" 2>&1
		echo $? > "$dir/$lie.rc"
	) &
	running=$((running + 1))
	if [ $running -ge 4 ]; then wait; running=0; fi
done
wait
for lie in $lies; do
	all=$((all + 1))
	# a failed expectation: ":F:"; a crash or a timeout would be ":E:"
	by=$(sed -n 's/.*:F:[^:]*:\([a-z0-9_]*\):.*/\1/p' "$dir/$lie.out" | head -n 1)
	if [ "$(cat "$dir/$lie.rc")" = 1 ] && [ -n "$by" ]; then
		caught=$((caught + 1))
		printf '%-24s caught by %s\n' "$lie" "$by"
	else
		printf '%-24s NOT CAUGHT\n' "$lie"
		tail -n 3 "$dir/$lie.out"
	fi
done
echo "mutants: $caught of $all caught"
[ "$caught" = "$all" ]
