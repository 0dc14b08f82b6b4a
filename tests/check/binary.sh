#!/bin/sh
# Fails unless gantry-oci is one static binary (built against musl when MUSL=1), libgantry needs libc alone, and
# libgantry holds nothing of runtime, monitor and ocicmd.
# Usage: binary.sh BUILD
b=$1/src bad=0
say() { echo "$1"; bad=1; }
if [ "${MUSL:-1}" = 1 ]; then
	! readelf -lW "$b/gantry-oci" | grep -q INTERP || say "gantry-oci has a program interpreter"
	! readelf -dW "$b/gantry-oci" | grep -q NEEDED || say "gantry-oci needs libraries"
fi
for l in $(readelf -dW "$b/libgantry.so" "$b/gantry" | sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p'); do
	case $l in libc.so.6 | libm.so.6 | ld-linux* | libgantry.so.0) ;; *) say "needs $l at start" ;; esac
done
nm "$b/libgantry.so" | grep -qE ' [tT] (runtime_create|runtime_delete|monitor_main)$' && say "the runtime is in libgantry"
exit $bad
