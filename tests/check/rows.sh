#!/bin/sh
# Reads tests/contract/ROWS: fails on a line that is no row, on a test named there that no source
# has, on a public symbol that no header has, and on a row that has neither a test nor what brings
# it. Prints "rows N of M": N have a test today.
# Usage: rows.sh [SOURCE-ROOT]
cd "${1:-.}" || exit 2
rows=tests/contract/ROWS
[ -r "$rows" ] || { echo "no $rows"; exit 2; }
{
	# what there is: "T name" libcheck and host tests, "F title" bats tests, "S symbol" public names
	grep -rhoE --include='*.c' 'START_TEST\([A-Za-z0-9_]+\)' tests | sed 's/START_TEST(\(.*\))/T \1/'
	sed -n 's/.*tap(.*, habit, "\([^"]*\)".*/T host: \1/p' tests/host/*.c
	grep -rhE --include='*.bats' '^@test "' tests | sed -E 's/^@test "(.*)" \{.*/F \1/'
	grep -hoE 'gantry_[a-z_]+' include/gantry/*.h | sort -u | sed 's/^/S /'
	echo "--"
	cat "$rows"
} | awk '
	function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
	function complain(what) { printf "%s:%d: %s\n", file, line, what; bad = 1 }
	!rows_begun && $0 == "--" { rows_begun = 1; next }
	!rows_begun { have[substr($0, 1, 1), substr($0, 3)] = 1; next }
	{ line++ }
	/^#/ || /^[ \t]*$/ { next }
	{
		n = split($0, f, "|")
		if (n != 5) { complain("a row has five fields"); next }
		part = trim(f[1]); symbol = trim(f[3])
		if (part !~ /^[a-g]$/) complain("no part \"" part "\"")
		if (symbol != "-" && !(("S", symbol) in have)) complain("no public symbol " symbol)
		all++; due[part]++
		tests = later = 0
		k = split(f[5], t, ";")
		for (i = 1; i <= k; i++) {
			name = trim(t[i])
			if (name ~ /^issue [0-9]+$/ || name == "later") { later++; continue }
			if (sub(/^flow: /, "", name)) { if (!(("F", name) in have)) complain("no bats test \"" name "\"") }
			else if (!(("T", name) in have)) complain("no test " name)
			tests++
		}
		if (!tests && !later) complain("neither a test nor what brings it")
		if (tests && symbol == "-" && f[4] ~ /^ - $/) complain("a test, but neither a symbol nor a verb")
		if (tests) { proven++; by[part]++ }
	}
	END {
		if (!all) { print "no rows read"; exit 2 }
		for (c = 97; c <= 103; c++) { p = sprintf("%c", c); printf "part %s: %d of %d\n", p, by[p], due[p] }
		printf "rows %d of %d\n", proven, all
		exit bad
	}' file="$rows"
