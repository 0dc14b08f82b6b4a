# `gantry run` in the foreground: streams, signals and exit codes, on every engine that is here.
load helpers
setup_file() { flow_file; }
setup() { flow_test; }
teardown() { flow_end; }

codes() {
	expect 0 grun "$1" --rm -- true
	expect 7 grun "$1" --rm -- sh -c 'exit 7'
	expect 255 grun "$1" --rm -- sh -c 'exit 255'
	same "$err" ""
	# the first process of a container is not killed from within: from here, then
	grun "$1" --rm --name "$TAG" -- sleep "$NAP" 3>&- &
	local pid=$! got=0
	eventually gantry -E "$1" kill "$TAG" 2>/dev/null
	wait $pid || got=$?
	same "$got" 137
}
@test "the exit code is the container's" { each codes; }

not_there() {
	expect 127 grun "$1" --rm -- /no/such/command
	said run "/no/such/command"
	expect 127 grun "$1" --rm -- nosuchcommand
	said run "nosuchcommand"
	expect 127 grun "$1" -d -- /no/such/command
	same "$out" ""
}
@test "a command that is not there: 127" { each not_there; }

not_executable() {
	case $1 in docker) return 0 ;; esac # its image has no such file
	expect 126 grun "$1" --rm -- /bin/plain
	said run "plain"
	expect 126 grun "$1" --rm -- /bin
	said run "/bin"
}
@test "a command that cannot be executed: 126" { each not_executable; }

streams() {
	expect 0 grun "$1" --rm -- sh -c 'echo to out; echo to err >&2; printf "no newline"'
	same "$out" $'to out\nno newline'
	same "$err" "to err"
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	grun "$1" --rm -- cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/back"
	same "$(printf x | grun "$1" --rm -- wc -c | tr -d ' ')" 1
}
@test "stdin, stdout and stderr are the container's, byte for byte" { each streams; }

closed() {
	expect 0 grun "$1" --rm -- sh -c 'cat; echo end' <&-
	same "$out" "end"
	grun "$1" --rm -- sh -c 'echo lost; echo lost >&2' >&- 2>&-
	same "$(: | grun "$1" --rm -- wc -c | tr -d ' ')" 0
}
@test "closed streams are nothing, not a hang" { each closed; }

background_child() {
	expect 7 timeout 20 "$GANTRY" -E "$1" run --label "flow=$TAG" --rm $(on "$1") sh -c "sleep $NAP & exit 7" </dev/null
}
nobody_reads() {
	timeout -k 5 40 "$GANTRY" -E "$1" run --label "flow=$TAG" $(on "$1") cat /dev/zero 2>/dev/null |
		head -c 1 | wc -c >"$BATS_TEST_TMPDIR/read"
	local ended=${PIPESTATUS[0]}
	same "$(tr -d ' ' <"$BATS_TEST_TMPDIR/read")" 1
	[ "$ended" != 124 ] && [ "$ended" != 137 ]
}
@test "an output that nobody reads any more ends the run" { each nobody_reads; }

@test "a process left behind in the container does not hold up the end" { each background_child; }

signals() { # INT too, which a shell without job control lets its jobs ignore
	local pid got=0 sig
	for sig in TERM USR1 INT; do
		got=0
		rm -f "$BATS_TEST_TMPDIR/out"
		# shellcheck disable=SC2046
		env --default-signal=INT "$GANTRY" -E "$1" run --label "flow=$TAG" --rm $(on "$1") \
			sh -c "trap 'echo got $sig; exit 3' $sig; echo ready; while :; do sleep 0.1; done" \
			>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- &
		pid=$!
		eventually grep -qs ready "$BATS_TEST_TMPDIR/out"
		kill -$sig $pid
		wait $pid || got=$?
		same "$got" 3
		same "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" "got $sig"
		same "$(cat "$BATS_TEST_TMPDIR/err")" ""
	done
}
@test "signals are passed to the container, whose code it is" {
	each signals
}

settings() {
	FROM_HERE=yes expect 0 grun "$1" --rm --hostname box -e A=1 -e FROM_HERE -e NOT_SET_HERE -w /tmp -- \
		sh -c 'hostname; echo "$A $FROM_HERE [${NOT_SET_HERE-unset}]"; pwd'
	same "$out" $'box\n1 yes [unset]\n/tmp'
	expect 0 grun "$1" --rm -u 12:34 -- sh -c 'id -u; id -g'
	same "$out" $'12\n34'
	expect 1 grun "$1" --rm --read-only -- touch /file
	expect 0 grun "$1" --rm --ulimit nofile=64:128 -- sh -c 'ulimit -n; ulimit -Hn'
	same "$out" $'64\n128'
	mkdir -p "$BATS_TEST_TMPDIR/vol"
	expect 0 grun "$1" --rm -v "$BATS_TEST_TMPDIR/vol:/data" -- touch /data/file
	[ -e "$BATS_TEST_TMPDIR/vol/file" ]
	expect 1 grun "$1" --rm -v "$BATS_TEST_TMPDIR/vol:/data:ro" -- touch /data/other
	[ ! -e "$BATS_TEST_TMPDIR/vol/other" ]
	(cd "$BATS_TEST_TMPDIR" && expect 0 grun "$1" --rm -v ./vol:/data -- cat /data/file)
}
@test "flags reach the container: hostname env workdir user read-only ulimit volume" { each settings; }

capabilities() {
	expect 0 grun "$1" --rm --cap-drop ALL -- grep '^CapEff' /proc/self/status
	same "${out##*[[:space:]]}" 0000000000000000
	expect 0 grun "$1" --rm --cap-drop ALL --cap-add NET_BIND_SERVICE -- grep '^CapEff' /proc/self/status
	same "${out##*[[:space:]]}" 0000000000000400
	expect 125 grun "$1" --rm --cap-add NO_SUCH_CAP -- true
	said run "NO_SUCH_CAP"
}
@test "capabilities are added and dropped" { each capabilities; }

limits() {
	expect 0 grun "$1" --rm --memory 64m --cpus 0.5 --pids-limit 50 -- true
	# twenty sleepers do not fit into ten processes
	expect 2 grun "$1" --rm --pids-limit 10 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 2 & done; exit 0'
	grep -qi "fork" <<<"$err"
	expect 125 grun "$1" --rm --memory much -- true
}
@test "limits are taken" { each limits; }

kept() {
	expect 7 grun "$1" --name "$TAG-kept" -- sh -c 'exit 7'
	expect 0 gantry -E "$1" inspect "$TAG-kept"
	jq -e '.[0].state == "stopped" and .[0].exit_code == 7 and .[0].ours and .[0].finished != null' <<<"$out"
	expect 0 gantry -E "$1" wait "$TAG-kept"
	same "$out" 7
	expect 0 gantry -E "$1" rm "$TAG-kept"
	expect 0 grun "$1" --rm --name "$TAG-gone" -- true
	expect 1 gantry -E "$1" inspect "$TAG-gone"
}
@test "without --rm a stopped container stays with its code, with --rm nothing does" { each kept; }

cut_short() {
	expect 125 timeout 30 "$GANTRY" -E "$1" --timeout 2s run --label "flow=$TAG" --name "$TAG-cut" $(on "$1") sleep "$NAP" </dev/null
	said run "may still run"
	expect 0 gantry -E "$1" inspect "$TAG-cut"
	jq -e '.[0].state == "running"' <<<"$out"
	expect 0 gantry -E "$1" rm -f "$TAG-cut"
}
@test "--timeout cuts a foreground run short, and the container runs on" { each cut_short; }
