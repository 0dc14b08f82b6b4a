# The command line itself: help, versions, wrong words. Needs no engine but null.
load helpers
setup_file() { flow_file; }
setup() { flow_test; }

verbs="run create start stop kill pause unpause rm wait ps inspect clean bench engines info version help"

@test "every verb has help, on stdout, by --help and by help VERB" {
	for v in $verbs; do
		expect 0 gantry "$v" --help
		[[ $out == "Usage: gantry $v"* ]]
		same "$err" ""
		local by_option=$out
		expect 0 gantry help "$v"
		same "$out" "$by_option"
		[[ $out == *"Exit status:"* ]]
	done
	expect 0 gantry --help
	for v in $verbs; do
		grep -q "^  $v  " <<<"$out"
	done
}

@test "help is no wider than 80 columns" {
	for v in "" $verbs; do
		# shellcheck disable=SC2086
		gantry help $v | awk 'length($0) > 80 { print; bad = 1 } END { exit bad }'
	done
}

@test "-h is help everywhere but where docker has it for the hostname" {
	expect 0 gantry ps -h
	[[ $out == Usage:* ]]
	expect 0 gantry -h
	expect 125 gantry run -h
	said run "-h needs an argument: NAME"
}

@test "no verb, an unknown verb, a verb to come" {
	expect 2 gantry
	same "$err" "gantry: no verb given; see gantry --help"
	expect 2 gantry pss
	same "$err" 'gantry: unknown verb "pss", did you mean ps?'
	expect 2 gantry delete x
	same "$err" 'gantry: unknown verb "delete", did you mean rm?'
	expect 2 gantry frobnicate
	same "$err" 'gantry: unknown verb "frobnicate"; see gantry --help'
	expect 2 gantry logs x
	same "$err" "gantry: logs is not supported yet"
	expect 125 gantry exec x sh
	same "$err" "gantry: exec is not supported yet"
	expect 2 gantry help exce
	same "$out" ""
}

@test "wrong words: 2, or 125 where the exit code is the container's" {
	expect 2 gantry ps --nonsense
	said ps "unknown option --nonsense; see gantry ps --help"
	expect 125 gantry run --nonsense x
	said run "unknown option --nonsense"
	expect 125 gantry start
	said start "an argument is missing; usage: gantry start"
	expect 2 gantry stop
	said stop "an argument is missing"
	expect 2 gantry ps x
	said ps "too many arguments"
	expect 2 gantry stop --time soon x
	said stop '--time: "soon" is not a time'
	expect 2 gantry kill -s NOSUCH x
	said kill 'no signal called "NOSUCH"'
	expect 2 gantry --engine
	same "$err" "gantry: --engine needs an argument: ENGINE; see gantry --help"
	expect 2 gantry -E native engines
	said engines "--engine is for verbs that use one engine"
	expect 125 gantry run
	said run "IMAGE, --rootfs DIR or --bundle DIR"
	expect 125 gantry run --json --rootfs / -- true
	said run "--json needs -d"
}

@test "what run does not do yet is refused by name" {
	for o in -i -t --interactive --tty --env-file --mount --entrypoint --annotation --memory-swap --cpu-shares \
		--cpuset-cpus --network -p --publish --ip --mac-address --tmpfs --device --privileged --security-opt \
		--init --hook --restart --stop-signal --stop-timeout --log-driver --log-opt --pull --platform \
		--cgroup-parent --pidfile --pod; do
		expect 125 gantry -E null run "$o" x image
		said run "^gantry: run: $o is not supported yet\$"
		expect 125 gantry -E null create "$o=x" image
		said create "^gantry: create: $o is not supported yet\$"
	done
	expect 2 gantry ps --format '{{.ID}}'
	said ps "--format is not supported yet"
	expect 2 gantry -E all ps
	[[ $err == 'gantry: -E: "all" is not supported yet' ]]
	expect 2 gantry bench -l x.yaml
	said bench "-l is not supported yet"
	expect 2 gantry ps --filter volume=x
	said ps '"volume" is not supported yet'
	expect 125 gantry -E null run -v name:/data image
	said run "named volumes are not supported yet"
}

@test "global options stand before the verb and behind it" {
	expect 0 gantry -E null ps --json
	same "$out" "[]"
	expect 0 gantry --json ps -E null
	same "$out" "[]"
	expect 0 gantry ps --engine=null --json --timeout 5s
	same "$out" "[]"
	GANTRY_ENGINE=null expect 0 gantry ps --json
	same "$out" "[]"
}

@test "version needs no engine, and asks the one that -E names" {
	GANTRY_ENGINE=nosuch expect 0 gantry version --json
	jq -e '.gantry == .libgantry and (.gantry | test("^[0-9]+\\.[0-9]+\\.[0-9]+$")) and (has("engine") | not)' <<<"$out"
	expect 0 gantry -E null version --json
	jq -e '.engine.kind == "null" and (.engine.verbs | index("run"))' <<<"$out"
	expect 0 gantry version
	[[ $out == "gantry "*$'\n'"libgantry "* ]]
}

@test "info and engines as JSON have the fields that help names" {
	expect 0 gantry -E null info --json
	jq -e 'keys - ["kind","name","version","api","revision","kernel","storage","cgroup","path","verbs"] == []' <<<"$out"
	expect 0 gantry engines --json
	jq -e 'type == "array" and all(.[]; (.usable | type) == "boolean" and (.address | type) == "string")' <<<"$out"
	expect 0 gantry engines
	[[ $out == ENGINE*ADDRESS*VERSION*STATUS* ]]
}

@test "an unknown engine is named with those there are" {
	expect 1 gantry -E nosuch ps
	said ps 'nosuch.*native.*docker'
	expect 125 gantry -E nosuch run x
	said run 'nosuch'
	expect 1 gantry -E native,nosuch=1 ps
	said ps 'nosuch'
	expect 1 gantry -E oci:/does/not/exist ps
	said ps '/does/not/exist'
}

@test "a dead socket fails at once" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$BATS_TEST_TMPDIR/dead.sock"
	for s in "$BATS_TEST_TMPDIR/dead.sock" "$BATS_TEST_TMPDIR/none.sock"; do
		expect 1 timeout 8 "$GANTRY" -E "docker:$s" ps
		said ps "$s"
		expect 125 timeout 8 "$GANTRY" -E "docker:$s" run x
		said run "$s"
	done
}

@test "a daemon that never answers is given up by --timeout, and the step is named" {
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5); time.sleep(60)' "$BATS_TEST_TMPDIR/mute.sock" 3>&- &
	local mute=$!
	eventually test -S "$BATS_TEST_TMPDIR/mute.sock"
	expect 1 timeout 8 "$GANTRY" -E "docker:$BATS_TEST_TMPDIR/mute.sock" --timeout 300ms ps
	kill $mute
	[[ $err == "gantry: ps: "* ]]
}

@test "an interrupt ends a verb with 128 and the signal's number" {
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5); time.sleep(60)' "$BATS_TEST_TMPDIR/mute.sock" 3>&- &
	local mute=$! got=0
	eventually test -S "$BATS_TEST_TMPDIR/mute.sock"
	"$GANTRY" -E "docker:$BATS_TEST_TMPDIR/mute.sock" ps 3>&- 2>"$BATS_TEST_TMPDIR/err" &
	local pid=$!
	sleep 0.5
	kill -TERM $pid
	wait $pid || got=$?
	kill $mute
	same "$got" 143
	err=$(cat "$BATS_TEST_TMPDIR/err")
	said ps "cancel"
}

@test "several containers: the rest is still done, and --json tells each" {
	expect 1 gantry -E null stop one two
	same "$(grep -c '^gantry: stop: ' <<<"$err")" 2
	expect 1 gantry -E null stop one two --json
	jq -e 'length == 2 and all(.[]; .ok == false and (.error | length > 0)) and .[1].id == "two"' <<<"$out"
	expect 1 gantry -E null inspect one
	same "$out" "[]"
}

@test "rm --force of what is not there says so and succeeds, as docker and podman have it" {
	expect 0 gantry -E null rm -f nosuch
	said rm nosuch
	expect 1 gantry -E null rm nosuch
	said rm nosuch
	expect 0 gantry -E null -q rm -f nosuch
	same "$err" ""
}

@test "output that cannot be written is an error; a reader that has gone is a quiet one" {
	[ -e /dev/full ]
	local got=0
	gantry help >/dev/full 2>"$BATS_TEST_TMPDIR/err" || got=$?
	same "$got" 1
	err=$(cat "$BATS_TEST_TMPDIR/err")
	said help "standard output: "
	got=0
	gantry help >&- 2>"$BATS_TEST_TMPDIR/err" || got=$?
	same "$got" 1
	got=$({ { sleep 0.3; "$GANTRY" help 2>"$BATS_TEST_TMPDIR/err"; echo $? >&4; } | true; } 4>&1)
	same "$got" 1
	same "$(cat "$BATS_TEST_TMPDIR/err")" ""
}

@test "a message is one printable line whatever is in it" {
	expect 1 gantry -E null stop $'a\033[2Jb\nc'
	[[ $err != *$'\033'* ]]
	same "$(wc -l <"$BATS_TEST_TMPDIR/err")" 1
}

@test "debug shows what was asked" {
	expect 1 timeout 8 "$GANTRY" --log-level debug -E oci:/bin/false info
	grep -q '^gantry: debug: .*/bin/false' <<<"$err"
	expect 2 gantry --log-level loud ps
	same "$err" 'gantry: --log-level: "loud" is none of error, warn, info, debug; see gantry --help'
}

@test "null runs what it is told, with its exit code" {
	expect 7 gantry -E null run --rootfs / -- sh -c 'exit 7'
	expect 0 gantry -E null run image true
	expect 1 gantry -E null run image -- false
	expect 137 gantry -E null run image sh -c 'kill -9 $$'
	expect 0 gantry -E null run -d image
	[[ $out =~ ^[0-9a-f]{64}$ ]]
	expect 0 gantry -E null run -d --json image
	jq -e '.id | test("^[0-9a-f]{64}$")' <<<"$out"
	expect 0 gantry -E null create --name web image
	[ -n "$out" ]
	expect 125 gantry -E null run --name -x image
	expect 125 gantry -E null run --name 'a/b' image
	said run '"a/b" is no name'
}
