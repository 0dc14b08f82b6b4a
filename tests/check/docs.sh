#!/bin/sh
# Fails when a public prototype or a public struct has no comment right above it.
cd "${1:-include/gantry}" || exit 2
awk '
FNR == 1 { prev = "" }
/^GANTRY_API|^struct gantry_[a-z_]+( \{|;)|^enum gantry_[a-z_]+ \{|^static inline/ {
	n++
	if (prev !~ /\*\/[[:space:]]*$/) { print FILENAME ":" FNR ": no comment above: " $0; bad = 1 }
}
{ prev = $0 }
END { if (!n) { print "no prototypes read"; exit 2 } exit bad }' ./*.h
