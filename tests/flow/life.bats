# A container's life in the background: run -d, ps, pause, stop, wait, rm, and nothing left of it.
load helpers
setup_file() { flow_file; }
setup() { flow_test; }
teardown() { flow_end; }

state() { gantry -E "$1" inspect "$2" | jq -r '.[0].state'; }
is() { [ "$(state "$1" "$2")" = "$3" ]; }

life() {
	traces_begin "$1"
	expect 0 grun "$1" -d --name "$TAG" --memory 64m -- sleep "$NAP"
	local id=$out
	[ -n "$id" ]
	expect 0 gantry -E "$1" inspect "$TAG"
	jq -e --arg n "$TAG" '.[0] | .state == "running" and .name == $n and .pid > 0 and .ours and .exit_code == null
		and .labels.flow == $n and (.created | test("^20.*Z$"))' <<<"$out"
	local pid
	pid=$(jq '.[0].pid' <<<"$out")
	grep -q sleep "/proc/$pid/cmdline"
	same "$(gantry -E "$1" inspect "$id" | jq -r '.[0].id')" "$id"
	expect 0 gantry -E "$1" pause "$TAG"
	same "$out" "$TAG"
	is "$1" "$TAG" paused
	expect 1 gantry -E "$1" pause "$TAG"
	expect 1 gantry -E "$1" rm "$TAG"
	expect 0 gantry -E "$1" unpause "$TAG"
	is "$1" "$TAG" running
	expect 1 gantry -E "$1" unpause "$TAG"
	expect 1 gantry -E "$1" rm "$TAG"
	said rm "run"
	expect 0 gantry -E "$1" stop -t 1 "$TAG"
	is "$1" "$TAG" stopped
	expect 0 gantry -E "$1" stop "$TAG"
	expect 0 gantry -E "$1" wait "$TAG"
	[ "$out" -ge 128 ]
	expect 1 gantry -E "$1" kill "$TAG"
	expect 0 gantry -E "$1" rm "$TAG"
	same "$out" "$TAG"
	expect 1 gantry -E "$1" inspect "$TAG"
	traces_end
}
@test "run -d, inspect, pause, unpause, stop, wait, rm" { each life; }

create_start() {
	traces_begin "$1"
	# shellcheck disable=SC2046
	expect 0 gantry -E "$1" create --label "flow=$TAG" --name "$TAG" $(on "$1") sh -c 'sleep 1; exit 9'
	is "$1" "$TAG" created
	expect 0 gantry -E "$1" start "$TAG"
	same "$out" "$TAG"
	expect 0 gantry -E "$1" wait "$TAG"
	same "$out" 9
	expect 0 gantry -E "$1" wait "$TAG" "$TAG"
	same "$out" $'9\n9'
	expect 0 gantry -E "$1" wait --json "$TAG"
	jq -e '.[0].exit_code == 9 and .[0].exit_signal == 0 and .[0].oom == false' <<<"$out"
	expect 0 gantry -E "$1" rm "$TAG"
	traces_end
}
@test "create, start, wait, as often as asked" { each create_start; }

kills() {
	expect 0 grun "$1" -d --name "$TAG" -- sh -c 'trap "exit 5" USR1; while :; do sleep 0.1; done'
	sleep 0.5
	expect 0 gantry -E "$1" kill -s USR1 "$TAG"
	expect 0 gantry -E "$1" wait "$TAG"
	same "$out" 5
	expect 0 gantry -E "$1" rm "$TAG"
	expect 0 grun "$1" -d --name "$TAG" -- sleep "$NAP"
	expect 0 gantry -E "$1" kill "$TAG"
	expect 0 gantry -E "$1" wait "$TAG"
	same "$out" 137
	expect 0 gantry -E "$1" rm "$TAG"
}
@test "kill sends what it is told, and KILL when nothing is said: 137" { each kills; }

removes_itself() {
	traces_begin "$1"
	expect 0 grun "$1" -d --rm --name "$TAG" -- sh -c 'sleep 1; exit 4'
	gone() { ! gantry -E "$e" inspect "$TAG" >/dev/null 2>&1; }
	local e=$1
	eventually gone
	traces_end
}
@test "run -d --rm leaves nothing when it has ended" { each removes_itself; }

force() {
	traces_begin "$1"
	expect 0 grun "$1" -d --name "$TAG-a" -- sleep "$NAP"
	expect 0 grun "$1" -d --name "$TAG-b" -- sleep "$NAP"
	expect 0 gantry -E "$1" pause "$TAG-b"
	# shellcheck disable=SC2046
	expect 0 gantry -E "$1" create --label "flow=$TAG" --name "$TAG-c" $(on "$1") true
	expect 0 gantry -E "$1" rm -f "$TAG-a" "$TAG-b" "$TAG-c" nosuch
	same "$out" "$TAG-a"$'\n'"$TAG-b"$'\n'"$TAG-c"
	traces_end
}
@test "rm -f removes what runs, what is paused and what was never started" { each force; }

taken() {
	expect 0 grun "$1" -d --name "$TAG" -- sleep "$NAP"
	traces >"$BATS_TEST_TMPDIR/before"
	expect 125 grun "$1" -d --name "$TAG" -- sleep "$NAP"
	said run "$TAG"
	expect 125 grun "$1" --name "$TAG" -- true
	traces_end
	is "$1" "$TAG" running
	expect 0 gantry -E "$1" rm -f "$TAG"
}
@test "a name that is taken is refused and the one that has it is left alone" { each taken; }

listing() {
	expect 0 grun "$1" -d --name "$TAG-up" --label kind=web -- sleep "$NAP"
	expect 3 grun "$1" --name "$TAG-down" -- sh -c 'exit 3'
	COLUMNS=160 expect 0 gantry -E "$1" ps --filter "label=flow=$TAG"
	[[ $out == "CONTAINER ID"*"NAMES"* ]]
	grep -q "$TAG-up\$" <<<"$out"
	grep -q ' Up [0-9]* second' <<<"$out"
	! grep -q "$TAG-down" <<<"$out"
	COLUMNS=80 expect 0 gantry -E "$1" ps -a --filter "label=flow=$TAG"
	grep -q 'Exited (3) [0-9]*' <<<"$out"
	expect 0 gantry -E "$1" ps -a --json --filter "label=flow=$TAG"
	jq -e 'length == 2 and all(.[]; .ours) and ([.[].exit_code] | sort) == [null, 3]' <<<"$out"
	expect 0 gantry -E "$1" ps -q --no-trunc --filter "name=$TAG-up"
	same "$out" "$(gantry -E "$1" inspect "$TAG-up" | jq -r '.[0].id')"
	expect 0 gantry -E "$1" ps -aq --filter "label=flow=$TAG" --filter status=exited
	same "$(wc -l <<<"$out")" 1
	expect 0 gantry -E "$1" ps --json --filter label=kind=web --filter "label=flow=$TAG" --filter status=paused
	same "$out" "[]"
	expect 0 gantry -E "$1" rm -f "$TAG-up" "$TAG-down"
}
@test "ps lists, filters, and says what gantry made" { each listing; }

cleans() {
	local n
	n=$(gantry -E "$1" ps -a --json | jq '[.[] | select(.ours)] | length')
	[ "$n" = 0 ] || { echo "# $n of gantry's own are there already" >&2; return 0; }
	expect 0 grun "$1" -d --name "$TAG-a" -- sleep "$NAP"
	expect 0 grun "$1" --name "$TAG-b" -- true
	expect 0 gantry -E "$1" clean
	same "$out" "removed 2"
	expect 0 gantry -E "$1" clean --json
	same "$out" '{"removed":0}'
}
@test "clean removes what gantry made" { each cleans; }

twenty() {
	local i
	traces_begin "$1"
	for i in {1..20}; do
		expect 0 grun "$1" -d --name "$TAG-$i" -- sleep "$NAP"
		expect 0 gantry -E "$1" rm -f "$TAG-$i"
	done
	traces_end
}
@test "twenty times run -d and rm -f leave nothing" { each twenty; }

another() {
	expect 0 grun "$1" -d --name "$TAG" -- sh -c 'sleep 2; exit 6'
	# two wait at once, in processes that have nothing to do with the one that started it
	gantry -E "$1" wait "$TAG" >"$BATS_TEST_TMPDIR/one" 3>&- &
	gantry -E "$1" wait "$TAG" >"$BATS_TEST_TMPDIR/two" 3>&- &
	wait
	same "$(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two")" $'6\n6'
	expect 0 gantry -E "$1" rm "$TAG"
}
@test "any process can have the exit code, while it runs and later" { each another; }
