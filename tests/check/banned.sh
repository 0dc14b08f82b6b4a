#!/bin/sh
# Fails on calls that have no place in the house:
# - unbounded or shell-using libc calls, anywhere;
# - strerror: its words differ between libcs and locales (base/err has the table);
# - in the library's rooms: printing, exiting, signal handlers, changes of process-wide state;
# - in what runs inside a container before it is one: file system calls by path string (kernel/inroot resolves below a rootfs, once, to an fd). What never follows
#   a link (O_NOFOLLOW, AT_EMPTY_PATH) or ends at "/" may stay, and so may a line that says why: "by path: ...".
cd "${1:-src}" || exit 2
n=$(find . -name '*.c' | wc -l)
[ "$n" -gt 0 ] || { echo "no sources read"; exit 2; }
# code FOLDERS PATTERN WHY [FINE]: greps code without comments and strings, but for lines that match FINE as they stand
code() {
	for d in $1; do find "./$d" -name '*.c'; done | while read -r f; do
		sed -E "/${4:-^\$NONE}/s/.*//"';s/"([^"\\]|\\.)*"/""/g; s|/\*.*\*/||; s|^[[:space:]]*\*.*||; s|/\*.*||' "$f" |
			grep -nE "(^|[^a-zA-Z0-9_>.])($2)[[:space:]]*\(" | sed "s|^\([0-9]*\):.*|${f#./}:\1: $3|"
	done
}
# what runs on the container's side of the clone
inside="runtime/init.c runtime/tree.c runtime/mounts.c runtime/nodes.c runtime/cover.c runtime/process.c runtime/terminal.c runtime/command.c"
all="base kernel oci codec wire container runtime monitor engine ocicmd bench cmd"
out=$(
	code "$all" 'strcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|alloca|mktemp|tmpnam' 'unbounded or unsafe call'
	code "$all" 'strerror|perror|strerror_r' 'words of libc: use base/err'
	code "base kernel oci codec wire container engine bench" \
		'printf|puts|putchar|vprintf|perror|exit|abort|signal|sigaction|chdir|fchdir|setenv|putenv|unsetenv|setlocale|fork|vfork|waitpid|wait|wait4' \
		'a library does not print, exit, fork, or touch process-wide state'
	code "$inside" 'open|openat|mkdir|mknod|symlink|chown|chmod|unlink|rename|stat|lstat|access|readlink|mount|umount|umount2|fopen' \
		'by path in the runtime: use kernel/inroot, kernel/mount, base/fd' 'O_NOFOLLOW|AT_EMPTY_PATH|"\/"|by path: '
)
[ -z "$out" ] || { echo "$out"; exit 1; }
