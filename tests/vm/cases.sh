#!/bin/sh
# What runs in the machine (see init, run.sh): every case looks at the cgroup's files from outside and at
# what the container itself lives through. BusyBox's shell; TAP on stdout. No case asserts a time.
# shellcheck disable=SC3037,SC2319
CG=/sys/fs/cgroup
W=/tmp/w
export GANTRY_RUN=/run/gantry GANTRY_ROOT=/var/gantry
n=0
mib=1048576

# ---- saying --------------------------------------------------------------------------------------

# it NAME: runs the function `try`, defined right before, as one case
it() {
	n=$((n + 1)) id=c$n
	rm -rf "$W"
	mkdir -p "$W"
	(
		set -eux
		try
		nothing_left
	) >/tmp/log 2>&1
	rc=$?
	if [ $rc = 0 ]; then
		echo "ok $n - $1"
		return
	fi
	echo "not ok $n - $1"
	tail -n 60 /tmp/log | sed 's/^/# /'
	for f in "$W"/out "$W"/err; do [ ! -s $f ] || sed "s|^|# ${f##*/}: |" $f; done
	for f in $(gantry-oci list -q); do gantry-oci delete --force "$f"; done
	for f in $(gantry ps -aq); do gantry rm -f "$f"; done >/dev/null
	for f in $(others | sort -r); do
		echo 1 >"$f/cgroup.kill"
		eventually rmdir "$f"
	done
}

same() { # got want
	[ "$1" = "$2" ] || { echo "got  \"$1\", want \"$2\""; return 1; }
}

has() { # file words: a line begins so
	grep -q "^$2" "$1" || { cat "$1"; return 1; }
}

eventually() { # command...: 10 s, for what the kernel does in its own time
	_i=0
	while ! "$@"; do
		_i=$((_i + 1))
		[ $_i -lt 200 ] || return 1
		usleep 50000
	done 2>/dev/null
}

no() { ! "$@"; }

# gantry's own parent cgroup stays, all else is gone; no process, mount or record either
others() { find $CG -mindepth 1 -type d ! -path $CG/gantry; }
alone() { [ -z "$(others)" ]; }
nothing_left() {
	eventually alone
	same "$(others)" ""
	same "$(gantry-oci list -q)" ""
	same "$(gantry ps -aq)" ""
	same "$(ps -o comm | grep -cxE 'sleep|gantry-oci')" 0
	same "$(grep -c "$W\|/rootfs" /proc/mounts)" 0
}

# ---- containers ----------------------------------------------------------------------------------

# conf RESOURCES [LINUX]: the bundle; its command is the script on stdin. LINUX: more of "linux", from a comma on
namespaces='{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},{"type":"cgroup"}'
view=rw
caps='"CAP_MKNOD","CAP_KILL","CAP_DAC_OVERRIDE"'
conf() {
	cat >/rootfs/case.sh
	cat >$W/config.json <<-END
		{ "ociVersion": "1.0.2", "root": { "path": "/rootfs" },
		  "process": { "cwd": "/", "args": [ "sh", "/case.sh" ], "env": [ "PATH=/bin" ],
		    "capabilities": { "bounding": [$caps], "effective": [$caps], "permitted": [$caps] } },
		  "mounts": [
		    { "destination": "/proc", "type": "proc", "source": "proc" },
		    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"] },
		    { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"] },
		    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"] },
		    { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["$view"] } ],
		  "linux": { "namespaces": [$namespaces], "resources": {$1}${2:-} } }
	END
}

# In the foreground; the exit code and both streams are kept.
run() { # WANT
	_rc=0
	timeout 60 gantry-oci run -b $W $id <${1:+/dev/null} >$W/out 2>$W/err || _rc=$?
	same $_rc "$1"
}

# launch: in the background, its script's `read` waits for go. dir: its cgroup as we see it.
launch() {
	mkfifo $W/in
	exec 3<>$W/in
	timeout 60 gantry-oci run -b $W $id <$W/in >$W/out 2>$W/err 3>&- &
	job=$!
	eventually is running
	find_dir
}
go() { echo go >&3; }
ends() { # WANT
	_rc=0
	wait $job || _rc=$?
	same $_rc "$1"
}

pid() { gantry-oci state $id | sed -nE 's/.*"pid": *([0-9]+).*/\1/p'; }
status() { gantry-oci state $id | sed -nE 's/.*"status": *"([a-z]+)".*/\1/p'; }
is() { [ "$(status)" = "$1" ]; }
said() { has $W/out "$1"; }
find_dir() { dir=$CG$(sed -n 's/^0:://p' "/proc/$(pid)/cgroup"); }

# Created, not started: the limits stand already.
make() {
	gantry-oci create -b $W $id </dev/null >$W/out 2>$W/err
	find_dir
}
file() { same "$(cat "$dir/$1")" "$2"; }

# ---- the machine ---------------------------------------------------------------------------------

mkdir -p /rootfs/bin /rootfs/proc /rootfs/dev /rootfs/sys /rootfs/tmp "$GANTRY_RUN" "$GANTRY_ROOT"
cp /bin/busybox /rootfs/bin/
for a in sh cat dd echo false grep kill ls mkdir mknod mount nproc rm rmdir sed sleep true usleep; do
	ln -s busybox /rootfs/bin/$a
done

try() {
	same "$(grep -c cgroup /proc/mounts)" 1
	has /proc/mounts "cgroup2 $CG cgroup2 rw"
	for c in cpu cpuset io memory pids; do grep -qw $c $CG/cgroup.controllers; done
	same "$(cat $CG/cgroup.subtree_control)" ""
	has /proc/swaps /dev/zram0
}
it "the host: cgroup2 alone, all controllers, none handed down yet, swap"

# ---- controllers ---------------------------------------------------------------------------------

try() {
	mount -t cgroup -o pids none /mnt
	no grep -w pids $CG/cgroup.controllers
	conf '"pids":{"limit":9}' </dev/null
	run 1
	umount /mnt
	eventually grep -qw pids $CG/cgroup.controllers
	same "$(wc -l <$W/err)" 1
	grep "pids cgroup controller is not available" $W/err
	# it is handed down once it is there again
	no grep -w pids $CG/gantry/cgroup.subtree_control
	conf '"pids":{"limit":9}' <<-'END'
		cat /sys/fs/cgroup/pids.max
	END
	run 0
	said 9
	rmdir $CG/gantry
	for c in $(cat $CG/cgroup.subtree_control); do echo "-$c" >$CG/cgroup.subtree_control; done
}
mkdir -p /mnt
it "a controller that the host lacks is refused by name"

try() {
	conf '' </dev/null
	make
	for c in cpu cpuset io memory pids; do
		grep -qw $c $CG/cgroup.subtree_control
		grep -qw $c $CG/gantry/cgroup.subtree_control
		grep -qw $c "$dir/cgroup.controllers"
	done
	file cgroup.procs "$(pid)"
	file cgroup.type domain
	same "${dir%/*}" $CG/gantry
	gantry-oci delete --force $id
}
it "every level above hands the controllers down"

try() {
	mkdir -p $CG/ours/deep
	same "$(cat $CG/ours/cgroup.subtree_control)" ""
	conf '"memory":{"limit":33554432},"cpu":{"quota":50000},"pids":{"limit":20}' ',"cgroupsPath":"/ours/deep/one"' </dev/null
	make
	same "$dir" $CG/ours/deep/one
	file memory.max 33554432
	file pids.max 20
	file cpu.max "50000 100000"
	for c in cpu memory pids; do
		grep -qw $c $CG/ours/cgroup.subtree_control
		grep -qw $c $CG/ours/deep/cgroup.subtree_control
	done
	gantry-oci delete --force $id
	rmdir $CG/ours/deep $CG/ours
}
it "parents that others made, without controllers, hand them down too"

try() {
	mkdir $CG/full
	sleep 1000 &
	echo $! >$CG/full/cgroup.procs
	conf '"memory":{"limit":33554432}' ',"cgroupsPath":"/full/one"' </dev/null
	run 1
	same "$(wc -l <$W/err)" 1
	grep "memory controller does not reach .*: /full has processes" $W/err
	conf '"cpu":{"quota":50000}' ',"cgroupsPath":"/full/one"' </dev/null
	run 1
	grep "cpu controller does not reach .*: /full has processes" $W/err
	# nor is the stranger changed for it: "domain threaded" would be the end of all below
	same "$(find $CG/full -mindepth 1 -type d)" ""
	same "$(cat $CG/full/cgroup.type $CG/full/cgroup.subtree_control)" domain
	# without a limit there is nothing to complain of
	conf '' ',"cgroupsPath":"/full/one"' <<-'END'
		cat /proc/self/cgroup
	END
	run 0
	said 0::/
	kill $!
	wait $! || true
	eventually rmdir $CG/full
}
it "below a cgroup with processes of its own a limit is refused, not lost"

try() {
	mkdir $CG/caller
	conf '"memory":{"limit":33554432}' <<-'END'
		cat /sys/fs/cgroup/memory.max
	END
	(read -r me _ </proc/self/stat; echo "$me" >$CG/caller/cgroup.procs; run 0)
	said 33554432
	eventually rmdir $CG/caller
}
it "the caller's own cgroup does not matter"

# ---- memory --------------------------------------------------------------------------------------

try() {
	conf '"memory":{"limit":33554432,"swap":33554432}' <<-'END'
		read go
		echo "max $(cat /sys/fs/cgroup/memory.max)"
		dd if=/dev/zero of=/dev/null bs=16M count=1
		echo "fits $?"
		dd if=/dev/zero of=/dev/null bs=64M count=1
		echo "eats $?"
		cat /sys/fs/cgroup/memory.events
		exec dd if=/dev/zero of=/dev/null bs=64M count=1
	END
	launch
	file memory.max $((32 * mib))
	file memory.swap.max 0
	go
	ends 137
	said "max $((32 * mib))"
	said "fits 0"
	said "eats 137"
	said "oom_kill 1"
}
it "memory: who eats more than memory.max is killed, exit code 137"

try() {
	conf '"memory":{"limit":33554432,"swap":67108864}' <<-'END'
		read go
		cat /sys/fs/cgroup/memory.swap.max
		dd if=/dev/zero of=/dev/null bs=48M count=1
		echo "swaps $?"
		dd if=/dev/zero of=/dev/null bs=96M count=1
		echo "eats $?"
		cat /sys/fs/cgroup/memory.events
	END
	launch
	file memory.max $((32 * mib))
	file memory.swap.max $((32 * mib))
	go
	ends 0
	said $((32 * mib))
	said "swaps 0"
	said "eats 137"
	said "oom_kill 1"
	# it was this limit, not the size of the swap
	conf '"memory":{"limit":33554432,"swap":-1}' <<-'END'
		dd if=/dev/zero of=/dev/null bs=96M count=1
		echo "swaps $?"
	END
	run 0
	said "swaps 0"
}
it "memory: swap counts both in the spec, and swap alone in memory.swap.max"

try() {
	conf '"memory":{"limit":33554432,"swap":-1,"reservation":8388608},"pids":{"limit":-1},"cpu":{"quota":-1}' </dev/null
	make
	file memory.max 33554432
	file memory.swap.max max
	file memory.low 8388608
	file pids.max max
	file cpu.max "max 100000"
	gantry-oci delete --force $id
	conf '"memory":{"limit":-1,"swap":-1}' </dev/null
	make
	file memory.max max
	file memory.swap.max max
	gantry-oci delete --force $id
	conf '"memory":{"limit":33554432}' </dev/null
	make
	file memory.swap.max max
	file memory.low 0
	file cpu.max "max 100000"
	file cpu.weight 100
	gantry-oci delete --force $id
}
it "-1 is no limit, what is not asked for stays as it was; reservation is memory.low"

try() {
	conf '"memory":{"limit":33554432,"swap":16777216}' </dev/null
	run 1
	grep "linux.resources.memory has a swap limit below its limit" $W/err
	conf '"memory":{"swap":33554432}' </dev/null
	run 1
	grep "linux.resources.memory.*swap" $W/err
}
it "swap less than memory, or without memory, is refused with a reason"

try() {
	conf '"memory":{"limit":4096}' </dev/null
	run 1
	same "$(wc -l <$W/err)" 1
	grep -i memory $W/err
}
it "a limit too small for the container's start is an error that says so"

# ---- cpu -----------------------------------------------------------------------------------------

try() {
	conf '"cpu":{"quota":20000,"period":100000}' <<-'END'
		read go
		cat /sys/fs/cgroup/cpu.max
		# the start alone may have been throttled: once more, by this very loop
		n=$(grep nr_throttled /sys/fs/cgroup/cpu.stat)
		while [ "$(grep nr_throttled /sys/fs/cgroup/cpu.stat)" = "$n" ]; do :; done
		echo throttled
	END
	launch
	file cpu.max "20000 100000"
	go
	ends 0
	said "20000 100000"
	said throttled
	for c in '"quota":50000=50000 100000' '"period":50000=max 50000' '"quota":30000,"period":20000=30000 20000'; do
		conf "\"cpu\":{${c%=*}}" </dev/null
		make
		file cpu.max "${c#*=}"
		gantry-oci delete --force $id
	done
}
it "cpu: quota and period are cpu.max, and throttle"

try() {
	for c in 1:1 2:1 512:20 1024:39 2048:79 262144:10000; do
		conf "\"cpu\":{\"shares\":${c%:*}}" <<-'END'
			cat /sys/fs/cgroup/cpu.weight
		END
		make
		file cpu.weight ${c#*:}
		gantry-oci start $id
		eventually said ${c#*:}
		eventually is stopped
		gantry-oci delete $id
	done
}
it "cpu: shares of 2 to 262144 are weights of 1 to 10000"

try() {
	conf '"cpu":{"cpus":"1","mems":"0"}' <<-'END'
		read go
		cat /sys/fs/cgroup/cpuset.cpus.effective
		grep Cpus_allowed_list: /proc/self/status
		echo "nproc $(nproc)"
	END
	launch
	file cpuset.cpus 1
	file cpuset.cpus.effective 1
	file cpuset.mems 0
	has "/proc/$(pid)/status" "Cpus_allowed_list:.1$"
	go
	ends 0
	said "1$"
	said "Cpus_allowed_list:.1$"
	said "nproc 1$"
	conf '"cpu":{"cpus":"7"}' </dev/null
	run 1
	grep "cpuset.cpus" $W/err
}
it "cpuset: cpus and mems; a cpu that is not there is an error"

# ---- pids ----------------------------------------------------------------------------------------

try() {
	conf '"pids":{"limit":6}' <<-'END'
		read go
		cat /sys/fs/cgroup/pids.max
		sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 &
		(echo subshell)
		(sleep 1000 & sleep 1000 & echo never) 2>&1
		echo "fork $?"
		while read -r l; do echo "events $l"; done </sys/fs/cgroup/pids.events
	END
	launch
	file pids.max 6
	file pids.current 1
	go
	ends 0
	said 6
	said subshell
	no said never
	grep "can't fork" $W/out
	said "fork [1-9]"
	said "events max [1-9]"
}
it "pids: a fork beyond pids.max fails"

# ---- devices -------------------------------------------------------------------------------------

# what the script of the device cases finds out: "KIND MODE yes" or the error's words
probe='
	try() { _e=$( (eval "$2") 2>&1) && echo "$1 yes" || echo "$1 ${_e##*: }"; }
	mknod /tmp/kmsg c 1 11 && echo "kmsg made"
	mknod /tmp/block b '$(sed 's/:/ /' /sys/block/zram0/dev)' && echo "block made"
	try kmsg-w ": >/tmp/kmsg"
	try kmsg-rw ": <>/tmp/kmsg"
	try block-r ": </tmp/block"
	try block-w ": >>/tmp/block"
	for d in null zero full random urandom tty; do [ -c /dev/$d ] && echo "$d there"; done
	try null "echo x >/dev/null"
	try zero "dd if=/dev/zero bs=1 count=1 of=/dev/null 2>/dev/null"
	try pts ": <>/dev/ptmx"
	rm -f /tmp/kmsg /tmp/block'
harmless() {
	for d in null zero full random urandom tty; do said "$d there"; done
	said "kmsg made"
	said "block made"
	said "null yes"
	said "zero yes"
	said "pts yes"
}
# /dev/kmsg can be read with this alone, on a kernel that restricts it
caps_were=$caps
caps="$caps,\"CAP_SYSLOG\""

try() {
	echo "$probe" | conf ''
	run 0
	harmless
	for d in kmsg-w kmsg-rw block-r block-w; do said "$d yes"; done
}
it "devices: without rules all can be opened"

try() {
	echo "$probe" | conf '"devices":[{"allow":false,"access":"rwm"}]'
	run 0
	harmless
	for d in kmsg-w kmsg-rw block-r block-w; do said "$d Operation not permitted"; done
}
it "devices: a denied one can be made, but opening it is EPERM; the harmless ones open"

try() {
	b=$(sed 's/\(.*\):\(.*\)/"major":\1,"minor":\2/' /sys/block/zram0/dev)
	echo "$probe" | conf '"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"w"},
		{"allow":true,"type":"b",'"$b"',"access":"r"}]'
	run 0
	harmless
	said "kmsg-w yes"
	said "kmsg-rw Operation not permitted"
	said "block-r yes"
	said "block-w Operation not permitted"
	# the other way round: all but one
	echo "$probe" | conf '"devices":[{"allow":true,"access":"rwm"},{"allow":false,"type":"b",'"$b"',"access":"w"}]'
	run 0
	harmless
	said "kmsg-rw yes"
	said "block-r yes"
	said "block-w Operation not permitted"
}
it "devices: rules tell reading from writing and one device from another"

try() {
	rules='{"allow":false,"access":"rwm"}'
	i=0
	while [ $i -lt 230 ]; do
		rules="$rules,{\"allow\":true,\"type\":\"c\",\"major\":$((1000 + i)),\"minor\":$i,\"access\":\"rw\"}"
		i=$((i + 1))
	done
	set +x
	echo "$probe" | conf "\"devices\":[$rules,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"rw\"}]"
	set -x
	run 0
	harmless
	said "kmsg-rw yes"
	said "block-r Operation not permitted"
}
it "devices: the kernel takes a program of hundreds of rules"
caps=$caps_were

# ---- freezing, killing, removing -----------------------------------------------------------------

frozen() { grep -q "^frozen $1" $dir/cgroup.events; }

try() {
	conf '' <<-'END'
		sleep 1000 &
		read go
		echo went
	END
	launch
	gantry-oci pause $id
	file cgroup.freeze 1
	frozen 1
	is paused
	gantry-oci resume $id
	file cgroup.freeze 0
	frozen 0
	is running
	go
	ends 0
	said went
}
it "pause and resume are cgroup.freeze"

try() {
	conf '' <<-'END'
		read go
		echo went
	END
	launch
	gantry-oci pause $id
	go
	# twelve switches of another process on both CPUs: what could run would have run
	for _ in 1 2 3 4 5 6; do taskset 1 usleep 1000; taskset 2 usleep 1000; done
	no said went
	no gantry-oci pause $id
	gantry-oci resume $id
	ends 0
	said went
	gantry-oci delete --force $id || true
}
it "a paused container does not go on"

# No pid namespace: nobody's end takes the others with it, and its children keep on forking. Not in the foreground:
# who waits for it there would clear away what is left.
bred() { [ "$(wc -l <$dir/cgroup.procs)" -gt 8 ]; }
breed() {
	namespaces='{"type":"mount"},{"type":"cgroup"}'
	conf '"pids":{"limit":40}' <<-'END'
		mkdir /sys/fs/cgroup/sub /sys/fs/cgroup/sub/deeper
		(echo 0 >/sys/fs/cgroup/sub/deeper/cgroup.procs; sleep 1000) &
		for i in 1 2 3 4; do
			(while :; do sleep 0.01 & usleep 1000; done) &
			sleep 1000 &
		done
		sleep 1000
	END
	make
	gantry-oci start $id
	eventually grep -q . $dir/sub/deeper/cgroup.procs
	eventually bred
}
dead() {
	eventually has $dir/cgroup.events "populated 0"
	eventually is stopped
}

try() {
	breed
	strace -f -o $W/trace -e trace=openat,kill,pidfd_send_signal gantry-oci kill --all $id KILL
	dead
	# by the kernel in one go, not one by one
	grep '"cgroup.kill".* = [0-9]' $W/trace
	no grep SIGKILL $W/trace
	gantry-oci delete $id
}
it "kill --all ends the whole tree, also what forks"

try() {
	breed
	gantry-oci pause $id
	gantry-oci kill --all $id KILL
	dead
	gantry-oci delete $id
}
it "kill --all ends a paused tree"

try() {
	breed
	# without --all it is for the first process alone; the others are nobody's children, but in the cgroup
	gantry-oci kill $id KILL
	eventually is stopped
	has $dir/cgroup.events "populated 1"
	gantry-oci kill --all $id KILL
	dead
	gantry-oci delete $id
}
it "kill is for the first process, kill --all also for those that outlive it"

try() {
	breed
	no gantry-oci delete $id
	is running
	gantry-oci delete --force $id
	no test -e $dir
}
it "delete --force ends a running container, with cgroups of its own below"

try() {
	breed
	gantry-oci pause $id
	gantry-oci delete --force $id
	no test -e $dir
}
it "delete --force ends a paused container"

try() {
	conf '"pids":{"limit":5}' <<-'END'
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	END
	make
	gantry-oci delete --force $id
	no test -e $dir
	mkdir -p $dir/left
	echo 1 >$dir/cgroup.freeze
	echo 4096 >$dir/memory.max
	run 0
	same "$(cat $W/out)" "max
5"
}
it "what a container left whose state was lost, frozen and limited, is not taken over"

try() {
	mkdir $CG/theirs
	echo 1234 >$CG/theirs/pids.max
	conf '"pids":{"limit":5}' ',"cgroupsPath":"/theirs"' </dev/null
	run 1
	grep "/theirs exists already" $W/err
	same "$(cat $CG/theirs/pids.max)" 1234
	rmdir $CG/theirs
}
it "a cgroup that others made is refused, and stays as it is"

# ---- the container's view ------------------------------------------------------------------------

namespaces='{"type":"pid"},{"type":"mount"},{"type":"cgroup"}'
try() {
	view=ro
	conf '"pids":{"limit":7},"memory":{"limit":33554432}' <<-'END'
		cat /proc/self/cgroup
		grep ' /sys/fs/cgroup ' /proc/self/mountinfo
		echo "pids $(cat /sys/fs/cgroup/pids.max)"
		echo "procs $(grep -c . /sys/fs/cgroup/cgroup.procs)"
		(echo max >/sys/fs/cgroup/memory.max) 2>&1
		mkdir /sys/fs/cgroup/sub 2>&1
		[ -e /sys/fs/cgroup/gantry ] || echo alone
	END
	run 0
	said "0::/$"
	grep -E '^[0-9]+ [0-9]+ [0-9:]+ / /sys/fs/cgroup ro[, ].* - cgroup2 ' $W/out
	said "pids 7$"
	said "procs [12]$"
	grep "memory.max: Read-only file system" $W/out
	grep "sub': Read-only file system" $W/out
	said alone
	same "$(grep -c Read-only $W/out)" 2
}
it "the view inside: its own cgroup as the root, read-only where asked"

try() {
	view=rw
	conf '"pids":{"limit":7}' <<-'END'
		mkdir /sys/fs/cgroup/sub
		echo 0 >/sys/fs/cgroup/sub/cgroup.procs
		cat /proc/self/cgroup
		echo +pids >/sys/fs/cgroup/cgroup.subtree_control
		echo 3 >/sys/fs/cgroup/sub/pids.max && cat /sys/fs/cgroup/sub/pids.max
	END
	run 0
	said 0::/sub
	said 3
	namespaces='{"type":"pid"},{"type":"mount"}'
	conf '"pids":{"limit":7}' <<-'END'
		cat /proc/self/cgroup
		cat /sys/fs/cgroup/pids.max
	END
	run 0
	said "0::/gantry/"
	said 7
}
it "the view inside: writable it serves to divide; without a namespace it is its own all the same"

# ---- the command ---------------------------------------------------------------------------------

small="--memory 32m --cpus 0.5 --pids-limit 16 --rootfs /rootfs"
where() { dir=$CG$(sed -n 's/^0:://p' "/proc/$(gantry inspect "$1" | sed -nE 's/.*"pid": *([0-9]+).*/\1/p')/cgroup"); }

try() {
	# shellcheck disable=SC2086
	gantry run --rm $small -- sh -c 'cd /sys/fs/cgroup && cat memory.max cpu.max pids.max; cat /proc/self/cgroup' >$W/out 2>$W/err
	same "$(cat $W/out)" "$((32 * mib))
50000 100000
16
0::/"
}
it "gantry run: the limits as the container sees them"

try() {
	# shellcheck disable=SC2086
	gantry run -d --name one $small -- sleep 1000
	where one
	file memory.max $((32 * mib))
	file cpu.max "50000 100000"
	file pids.max 16
	gantry pause one
	file cgroup.freeze 1
	gantry unpause one
	file cgroup.freeze 0
	gantry pause one
	gantry stop -t 1 one
	! test -e "$dir" || has "$dir/cgroup.events" "populated 0"
	gantry inspect one >$W/out
	grep '"state": *"stopped"' $W/out
	gantry rm one
}
it "gantry run -d: the limits in the cgroup; pause, resume, stop of a paused one"

try() {
	rc=0
	# shellcheck disable=SC2086
	gantry run --name fat $small -- dd if=/dev/zero of=/dev/null bs=256M count=1 2>$W/err || rc=$?
	same $rc 137
	gantry inspect fat >$W/out
	grep -E '"oom(_killed)?": *true' $W/out
	gantry rm fat
	# killed, but not for memory
	# shellcheck disable=SC2086
	gantry run -d --name thin $small -- sleep 1000
	gantry kill -s KILL thin
	same "$(gantry wait thin)" 137
	gantry inspect thin >$W/out
	no grep -E '"oom(_killed)?": *true' $W/out
	gantry rm thin
}
it "gantry inspect tells the killed for memory from the killed"

try() {
	same "$(ls -d $CG/*/)" "$CG/gantry/"
	rmdir $CG/gantry
}
it "nothing is left below $CG"

echo "1..$n"
