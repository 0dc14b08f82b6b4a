#!/bin/sh
# Fails on lines over 100 columns (a tab is 8), indentation by blanks, blanks at line ends, a file without
# a final newline or without its SPDX line.
cd "${1:-.}" || exit 2
git ls-files '*.c' '*.h' | while read -r f; do
	[ -z "$(tail -c 1 "$f")" ] || echo "$f: no newline at the end"
	head -n 1 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f:1: no SPDX line"
	expand "$f" | awk -v f="$f" 'length($0) > 100 { print f ":" NR ": " length($0) " columns" }'
	grep -nE '^ {2,}[^ *]' "$f" | sed "s|^\([0-9]*\):.*|$f:\1: indented by blanks|"
	grep -nE '[[:space:]]+$' "$f" | sed "s|^\([0-9]*\):.*|$f:\1: blanks at the end|"
done >"${TMPDIR:-/tmp}/format.$$"
cat "${TMPDIR:-/tmp}/format.$$"
[ ! -s "${TMPDIR:-/tmp}/format.$$" ]
r=$?
rm -f "${TMPDIR:-/tmp}/format.$$"
exit $r
