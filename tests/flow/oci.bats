# gantry-oci as people and engines type it: bundles, exit codes, words, and nothing left behind.
load helpers
setup_file() { GANTRY=${GANTRY:-$GANTRY_OCI} flow_file; }

setup() {
	flow_test
	B=$BATS_TEST_TMPDIR/bundle
	LOG=$BATS_TEST_TMPDIR/log
	mkdir "$B" "$GANTRY_RUN"
	oci spec -b "$B"
	conf ".process.terminal = false | .root.path = \"$ROOTFS\" | .process.args = [\"true\"]"
}

teardown() {
	local id
	for id in $(oci list -q 2>/dev/null); do
		oci delete --force "$id" || true
	done
}

oci() { timeout -k 5 60 "$GANTRY_OCI" "$@"; }

# conf FILTER: changes the bundle's config.json
conf() {
	jq "$1" "$B/config.json" >"$B/new"
	mv "$B/new" "$B/config.json"
}

# args WORD...: what the container runs
args() { conf ".process.args = $(jq -nc '$ARGS.positional' --args -- "$@")"; }

# make ID: creates it with streams that are nobody's
make() { oci create --bundle "$B" --pid-file "$B/$1.pid" "$1" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/make"; }

status() { oci state "$1" | jq -r .status; }
is() { [ "$(status "$1")" = "$2" ]; }

# one line on stderr that begins with "gantry-oci: $1: " and fits the pattern $2
says() {
	[ "$(printf '%s\n' "$err" | wc -l)" = 1 ] || { printf 'not one line: %s\n' "$err" >&2; return 1; }
	[[ $err == "gantry-oci: $1: "* ]] || { printf 'not of %s: %s\n' "$1" "$err" >&2; return 1; }
	[[ $err =~ $2 ]] || { printf 'does not fit /%s/: %s\n' "$2" "$err" >&2; return 1; }
}

before() {
	oci run -b "$B" "$TAG-first"
	traces >"$BATS_TEST_TMPDIR/before"
}

@test "spec writes what runc spec writes, and never over a file" {
	mkdir "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs"
	oci spec --bundle "$BATS_TEST_TMPDIR/ours"
	runc spec --bundle "$BATS_TEST_TMPDIR/theirs"
	diff <(jq -S 'del(.ociVersion, .hostname)' "$BATS_TEST_TMPDIR/ours/config.json") \
		<(jq -S 'del(.ociVersion, .hostname)' "$BATS_TEST_TMPDIR/theirs/config.json")
	echo mine >"$BATS_TEST_TMPDIR/ours/config.json"
	expect 1 oci spec -b "$BATS_TEST_TMPDIR/ours"
	says spec 'config.json is there already'
	same "$(cat "$BATS_TEST_TMPDIR/ours/config.json")" mine
	cd "$BATS_TEST_TMPDIR/theirs" && rm config.json && oci spec && [ -s config.json ]
	expect 1 oci spec -b "$BATS_TEST_TMPDIR/nowhere"
}

@test "run gives output, exit code and nothing else" {
	before
	args sh -c 'echo out; echo err >&2; cat; exit 7'
	echo in >"$BATS_TEST_TMPDIR/in"
	expect 7 oci run --bundle "$B" "$TAG" <"$BATS_TEST_TMPDIR/in"
	same "$out" $'out\nin'
	same "$err" err
	args true
	expect 0 oci run -b="$B" "$TAG"
	same "$out$err" ""
	traces_end
}

@test "what runc spec wrote runs as it is" {
	rm "$B/config.json"
	runc spec -b "$B"
	conf '.process.terminal = false | .process.args = ["sh", "-c", "echo $PATH; hostname; touch /x 2>/dev/null || echo ro"]'
	conf ".root.path = \"$ROOTFS\""
	expect 0 oci run -b "$B" "$TAG"
	same "$out" $'/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nrunc\nro'
}

@test "a signal's exit code is 128 and the signal" {
	before
	args sh -c 'kill -9 $$; sleep 9'
	conf '.linux.namespaces |= map(select(.type != "pid"))'
	expect 137 oci run -b "$B" "$TAG"
	args sleep "$NAP"
	oci run -b "$B" "$TAG" &
	eventually is "$TAG" running 2>/dev/null
	oci kill "$TAG" KILL
	local code=0
	wait $! || code=$?
	same $code 137
	traces_end
}

@test "a command that is not there is 127, one that is not executable 126" {
	before
	args nowhere
	expect 127 oci run -b "$B" "$TAG"
	says run 'executable file .nowhere. not found in \$PATH'
	args /bin/nowhere
	expect 127 oci run -b "$B" "$TAG"
	says run 'no such file or directory'
	args /bin/plain
	expect 126 oci run -b "$B" "$TAG"
	says run 'permission denied'
	args /bin
	expect 126 oci run -b "$B" "$TAG"
	says run 'permission denied'
	# the engines read 127 and 126 out of these words
	args nowhere
	expect 1 oci --log "$LOG" --log-format json create -b "$B" "$TAG"
	says create 'not found in \$PATH: no such file or directory'
	jq -e '.level == "error" and (.msg | test("executable file .nowhere. not found in .PATH")) and (.time | test("^20.*Z$"))' "$LOG"
	args /bin/plain
	expect 1 oci create -b "$B" "$TAG"
	says create 'permission denied'
	traces_end
}

@test "one container's life, step by step" {
	before
	args sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	conf '.annotations = {"org.example.key": "value"}'
	make "$TAG"
	is "$TAG" created
	oci state "$TAG" | jq -e --arg id "$TAG" --arg b "$B" --arg r "$ROOTFS" --argjson pid "$(cat "$B/$TAG.pid")" '
		.ociVersion == "1.0.2" and .id == $id and .pid == $pid and .bundle == $b and .rootfs == $r and .owner == "root"
		and (.created | test("^20[0-9-]*T[0-9:]*\\.[0-9]{9}Z$")) and .annotations == {"org.example.key": "value"}'
	[ -d "/proc/$(cat "$B/$TAG.pid")" ]
	expect 0 oci start "$TAG"
	same "$out$err" ""
	is "$TAG" running
	expect 1 oci start "$TAG"
	expect 1 oci delete "$TAG"
	says delete "$TAG"
	is "$TAG" running
	expect 0 oci pause "$TAG"
	is "$TAG" paused
	expect 1 oci pause "$TAG"
	expect 0 oci resume "$TAG"
	is "$TAG" running
	expect 1 oci resume "$TAG"
	expect 0 oci kill "$TAG"
	eventually is "$TAG" stopped
	same "$(oci state "$TAG" | jq .pid)" 0
	expect 1 oci kill "$TAG" 9
	says kill 'container not running'
	expect 1 oci start "$TAG"
	expect 1 oci pause "$TAG"
	expect 0 oci delete "$TAG"
	same "$out$err" ""
	expect 1 oci state "$TAG"
	rm "$B/$TAG.pid"
	traces_end
}

@test "delete --force removes in every state, and says nothing of what is not there" {
	before
	args sleep "$NAP"
	make "$TAG"
	expect 0 oci delete --force "$TAG"
	make "$TAG"
	oci start "$TAG"
	expect 0 oci delete -f "$TAG"
	make "$TAG"
	oci start "$TAG"
	oci pause "$TAG"
	expect 0 oci delete "$TAG" --force
	expect 0 oci delete --force "$TAG"
	same "$out$err" ""
	traces_end
}

@test "signals come by name and number, and a wrong one is refused" {
	args sh -c 'trap "exit 3" USR1; while :; do sleep 0.1; done'
	for sig in USR1 SIGUSR1 usr1 10; do
		oci run -b "$B" "$TAG" &
		eventually is "$TAG" running 2>/dev/null
		sleep 0.3 # for the trap
		oci kill "$TAG" $sig
		local code=0
		wait $! || code=$?
		same "$sig $code" "$sig 3"
	done
	make "$TAG"
	expect 1 oci kill "$TAG" FISH
	says kill '"FISH" is no signal'
	expect 1 oci kill "$TAG" 65
	expect 1 oci kill "$TAG" 0
	expect 1 oci kill "$TAG" -- -1
	is "$TAG" created
}

naps() { pgrep -f "^sleep $NAP" >/dev/null; }
no_naps() { ! naps; }

@test "kill --all reaches every process" {
	args sh -c 'sleep '"$NAP"' & trap "" TERM; wait; sleep '"$NAP"
	make "$TAG"
	oci start "$TAG"
	eventually naps
	expect 0 oci kill --all "$TAG" KILL
	eventually is "$TAG" stopped
	eventually no_naps
}

@test "signals to a run in the foreground go to the container" {
	args sh -c 'trap "echo hup; exit 9" HUP; trap "echo int" INT; echo ready; while :; do sleep 0.1; done'
	"$GANTRY_OCI" run -b "$B" "$TAG" >"$BATS_TEST_TMPDIR/said" &
	local pid=$! code=0
	eventually grep -q ready "$BATS_TEST_TMPDIR/said"
	kill -INT $pid
	eventually grep -q int "$BATS_TEST_TMPDIR/said"
	kill -HUP $pid
	wait $pid || code=$?
	same $code 9
	same "$(cat "$BATS_TEST_TMPDIR/said")" $'ready\nint\nhup'
	expect 1 oci state "$TAG"
}

@test "a run that is killed leaves a container that can be removed" {
	before
	args sleep "$NAP"
	"$GANTRY_OCI" run -b "$B" "$TAG" &
	eventually is "$TAG" running 2>/dev/null
	kill -9 $!
	wait $! || true
	is "$TAG" running
	expect 0 oci delete --force "$TAG"
	traces_end
}

@test "run -d returns while the container runs on" {
	args sleep "$NAP"
	expect 0 oci run -d --pid-file "$B/pid" -b "$B" "$TAG" </dev/null
	is "$TAG" running
	grep -q "$NAP" "/proc/$(cat "$B/pid")/cmdline"
	oci kill "$TAG" KILL
	eventually is "$TAG" stopped
}

@test "run --keep leaves the stopped container" {
	args sh -c 'exit 4'
	expect 4 oci run --keep -b "$B" "$TAG"
	is "$TAG" stopped
	expect 0 oci delete "$TAG"
}

@test "an id that is taken stays who it is" {
	args sleep "$NAP"
	make "$TAG"
	local pid
	pid=$(oci state "$TAG" | jq .pid)
	expect 1 oci create -b "$B" "$TAG"
	says create "container $TAG already exists"
	expect 1 oci run -b "$B" "$TAG"
	says run 'already exists'
	same "$(oci state "$TAG" | jq .pid)" "$pid"
	is "$TAG" created
}

@test "containers that are not there are told so" {
	for verb in state start kill pause resume delete; do
		expect 1 oci $verb "$TAG"
		says $verb "container $TAG does not exist"
	done
}

@test "ids that are none are refused" {
	for id in .. a/b ../x '' 'a b' $'a\nb' -- "$(printf 'x%.0s' {1..129})"; do
		expect 1 oci create -b "$B" -- "$id"
		expect 1 oci state -- "$id"
		expect 1 oci delete --force -- "$id"
	done
	same "$(oci list -q)" ""
}

@test "list shows what is there, for people and programs" {
	same "$(oci list)" "ID  PID  STATUS  BUNDLE  CREATED  OWNER"
	same "$(oci list -f json)" "[]"
	args sleep "$NAP"
	make "$TAG-a"
	make "$TAG-b"
	oci start "$TAG-b"
	same "$(oci list -q)" "$TAG-a"$'\n'"$TAG-b"
	oci list | grep -q "^$TAG-a  *[0-9]*  created  *$B  20.*Z  root$"
	oci list --format=json | jq -e --arg t "$TAG" 'map(.id + " " + .status) == [$t + "-a created", $t + "-b running"]'
	expect 1 oci list -f yaml
	echo garbage >"$GANTRY_RUN/oci/$TAG-a/state.json"
	oci list | grep -q "^$TAG-a  *0  *unknown"
	expect 1 oci state "$TAG-a"
	expect 0 oci delete --force "$TAG-a"
}

@test "another root has other containers" {
	args sleep "$NAP"
	oci --root "$BATS_TEST_TMPDIR/other" create -b "$B" "$TAG" </dev/null >/dev/null 2>&1
	expect 1 oci state "$TAG"
	expect 0 oci --root="$BATS_TEST_TMPDIR/other" state "$TAG"
	cd "$BATS_TEST_TMPDIR"
	expect 0 oci --root other state "$TAG"
	expect 0 oci --root other delete --force "$TAG"
}

# wrong FILTER PATTERN: a config.json changed so is refused by create and run with these words
wrong() {
	cp "$B/config.json" "$B/good"
	conf "$1"
	expect 1 oci create -b "$B" "$TAG"
	says create "$2"
	expect 1 oci run -b "$B" "$TAG"
	says run "$2"
	cp "$B/good" "$B/config.json"
}

@test "what is not built yet is refused by its name and place, and nothing is left" {
	before
	wrong '.hooks.prestart = [{"path": "/bin/true"}]' 'config.json:[0-9]+:[0-9]+: hooks.prestart is not supported yet'
	wrong '.hooks.poststop = [{"path": "/bin/true"}]' 'hooks.poststop is not supported yet'
	wrong '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}' 'config.json:[0-9]+:[0-9]+: linux.seccomp is not supported yet'
	wrong '.linux.namespaces += [{"type": "user"}]' '"user" is not supported yet'
	wrong '.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]' 'linux.uidMappings is not supported yet'
	wrong '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' 'linux.sysctl is not supported yet'
	wrong '.process.apparmorProfile = "x"' 'process.apparmorProfile is not supported yet'
	wrong '.linux.resources.unified = {"memory.high": "1"}' 'linux.resources.unified is not supported yet'
	conf '.hooks = {"prestart": [], "poststop": null} | .linux.sysctl = {} | .linux.seccomp = null'
	expect 0 oci run -b "$B" "$TAG"
	rm "$B/good"
	traces_end
}

@test "a wrong config.json is refused with its place, and nothing is left" {
	before
	wrong '.frobnicate = 1' 'config.json:[0-9]+:[0-9]+: frobnicate is not known to the specification'
	wrong '.process.args = []' 'process.args is empty'
	wrong '.process.cwd = "tmp"' 'process.cwd has to be an absolute path'
	wrong '.ociVersion = "2.0.0"' 'ociVersion'
	wrong '.mounts += [{"destination": "x", "type": "tmpfs"}]' 'mounts\[7\].destination has to be an absolute path'
	wrong '.mounts += [{"destination": "/x/../../y", "type": "tmpfs"}]' 'may not contain'
	wrong '.linux.cgroupsPath = "/../../../'"$TAG"'"' 'linux.cgroupsPath may not contain'
	[ ! -e "/$TAG" ] && [ ! -e "/sys/fs/cgroup/$TAG" ]
	wrong '.root.path = "nowhere"' 'root filesystem .*nowhere'
	wrong '.root.path = "config.json"' 'root filesystem'
	wrong '.process.cwd = "/bin/busybox"' 'bin/busybox'
	wrong '.mounts += [{"destination": "/x", "type": "nofs", "source": "x"}]' 'nofs'
	wrong '.mounts += [{"destination": "/x", "type": "bind", "source": "/nowhere"}]' 'nowhere'
	wrong '.mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "t", "options": ["mode=banana"]}]' 'tmp'
	rm "$B/good"
	head -c 100 "$B/config.json" >"$B/new" && mv "$B/new" "$B/config.json"
	expect 1 oci run -b "$B" "$TAG"
	says run 'config.json:[0-9]+:[0-9]+: '
	rm "$B/config.json"
	expect 1 oci run -b "$B" "$TAG"
	says run 'config.json not found in the bundle'
	expect 1 oci run -b "$BATS_TEST_TMPDIR/nowhere" "$TAG"
	says run 'bundle .*nowhere does not exist'
	expect 1 oci run -b /bin/true "$TAG"
	says run 'is not a directory'
	mkfifo "$B/config.json"
	expect 1 oci run -b "$B" "$TAG"
	says run 'config.json is not a regular file'
	rm "$B/config.json"
	traces_end
}

@test "options and verbs that are not built yet are refused by name" {
	for verb in exec ps events update checkpoint restore; do
		expect 1 oci $verb "$TAG"
		same "$err" "gantry-oci: $verb is not supported yet"
	done
	for option in --console-socket=/x --preserve-fds=1 --no-pivot; do
		expect 1 oci create -b "$B" $option "$TAG"
		says create "${option%=*} is not supported yet"
	done
	expect 1 oci --systemd-cgroup list
	same "$err" "gantry-oci: --systemd-cgroup is not supported yet"
	expect 0 oci --systemd-cgroup=false --rootless auto list
	expect 1 oci create -b "$B" --frob "$TAG"
	says create 'unknown option --frob'
	expect 1 oci frobnicate
	expect 1 oci create
	says create 'needs ID'
	conf '.process.terminal = true'
	expect 1 oci create -b "$B" "$TAG"
	says create 'console socket'
	expect 1 oci run -d -b "$B" "$TAG"
}

@test "the log has the sentence that stderr has" {
	expect 1 oci --log "$LOG" --log-format json state "$TAG"
	says state 'does not exist'
	same "gantry-oci: state: $(jq -r .msg "$LOG")" "$err"
	expect 1 oci --log="$LOG.text" kill "$TAG" 9
	grep -q "^time=\"20.*Z\" level=error msg=\"container $TAG does not exist\"$" "$LOG.text"
	expect 0 oci --log "$LOG.none" list
	[ ! -e "$LOG.none" ]
	oci --debug --log "$LOG.debug" list
	grep -q 'level=debug' "$LOG.debug"
	expect 1 oci --log "$BATS_TEST_TMPDIR/nowhere/log" state "$TAG"
	grep -q 'does not exist' <<<"$err"
	grep -q 'log file' <<<"$err"
}

@test "features and version are for programs" {
	oci features | jq -e '.ociVersionMin == "1.0.0" and .hooks == [] and .linux.seccomp.enabled == false
		and (.linux.capabilities | length) == 41 and .linux.cgroup.v1 and .linux.cgroup.v2
		and (.linux.namespaces | sort) == ["cgroup", "ipc", "mount", "network", "pid", "uts"]'
	# it tells the truth: all of them at once
	conf "$(oci features | jq -r '".linux.namespaces = " + (.linux.namespaces | map({type: .}) | tostring)')"
	expect 0 oci run -b "$B" "$TAG"
	oci --version >"$BATS_TEST_TMPDIR/version"
	grep -qx 'gantry-oci version [0-9.]*' "$BATS_TEST_TMPDIR/version"
	grep -qx 'spec: 1\.[0-9.]*' "$BATS_TEST_TMPDIR/version"
	oci --help | grep -q '^  create '
	oci create --help | grep -q -- '--pid-file FILE'
	same "$(oci)" "$(oci help)"
}

@test "limits are what was asked for" {
	conf '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 33 | .linux.resources.cpu = {"quota": 50000, "period": 100000}'
	args sh -c 'cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes 2>/dev/null; cat pids.max pids/pids.max 2>/dev/null
		cat cpu.max cpu/cpu.cfs_quota_us 2>/dev/null; true'
	expect 0 oci run -b "$B" "$TAG"
	[[ $out == $'67108864\n33\n50000'* ]]
}

@test "a terminal in the foreground is the container's own" {
	conf '.process.terminal = true'
	args sh -c 'test -t 0 && test -t 1 && echo tty; read line; echo "got $line"; exit 5'
	local code=0
	{ sleep 1; echo hello; sleep 1; } | script -qec "stty -echo; '$GANTRY_OCI' run -b '$B' '$TAG'; echo code \$?; stty -a" \
		/dev/null >"$BATS_TEST_TMPDIR/said" || code=$?
	tr -d '\r' <"$BATS_TEST_TMPDIR/said" >"$BATS_TEST_TMPDIR/text"
	grep -qx tty "$BATS_TEST_TMPDIR/text"
	grep -qx 'got hello' "$BATS_TEST_TMPDIR/text"
	grep -qx 'code 5' "$BATS_TEST_TMPDIR/text"
	grep -q '[^-]icanon' "$BATS_TEST_TMPDIR/text" # put back
}

@test "a container has three descriptors, whatever its caller had" {
	args sh -c 'for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; cat'
	expect 0 oci run -b "$B" "$TAG" 5</etc/passwd 9</ </dev/null
	same "$out" $'0\n1\n2'
	expect 0 oci run -b "$B" "$TAG" <&-
	same "$out" $'0\n1\n2'
}

@test "fifty lives leave nothing" {
	before
	for i in {1..50}; do
		oci run -b "$B" "$TAG-$i"
	done
	traces_end
}
