# `gantry bench`: plans, tables, the export. Numbers are looked at for their shape alone.
load helpers
setup_file() { flow_file; }
setup() { flow_test; cd "$BATS_TEST_TMPDIR"; }

plan() { # YAML on stdin
	cat >plan.yaml
}

null_plan() {
	plan <<-'END'
	name: Basic
	image: busybox
	drivers:
	  - {type: "Null", threads: 2, iterations: 5}
	commands: [run, pause, unpause, stop, remove]
	END
}

@test "both tables, every driver and every thread count on a line of its own" {
	null_plan
	expect 0 gantry bench -s -b plan.yaml
	grep -q '^SUMMARY TIMINGS/THREAD RATES' <<<"$out"
	grep -q '^DETAILED COMMAND TIMINGS' <<<"$out"
	grep -q 'Iter/Thd' <<<"$out"
	grep -qE '^Basic:Null +5 +[0-9]+\.[0-9]{2}' <<<"$out"
	for step in run pause resume stop delete; do
		grep -qE "^$step +[0-9]+( +[0-9]+\.[0-9]+){7} +0\$" <<<"$out"
	done
}

@test "the file is a word or an option, and one of them is needed" {
	null_plan
	expect 0 gantry bench -s plan.yaml
	expect 0 gantry bench --skip-limit --benchmark=plan.yaml
	expect 2 gantry bench
	said bench "no plan given"
	expect 2 gantry bench -b plan.yaml plan.yaml
	said bench "two plans given"
}

@test "--json is one object, and the export has every sample in ns" {
	null_plan
	expect 0 gantry bench -s --json plan.yaml
	jq -e '.state == "completed" and (has("samples") | not) and (.rows | length) >= 1 and .host.cpus > 0' <<<"$out"
	expect 0 gantry bench -s --export-json all.json plan.yaml
	jq -e '[.samples[] | select(.step == "run")] | length > 0 and all(.[]; .took_ns > 0 and .errno == 0)' all.json
	jq -e '.rows[0].steps | map(select(.step == "run"))[0].count == 10' all.json
	same "$(find . -name '*.json*' | wc -l)" 1
}

@test "an export that cannot be written is told before anything runs" {
	null_plan
	expect 1 gantry bench -s --export-json /no/such/dir/all.json plan.yaml
	said bench "/no/such/dir"
	same "$out" ""
	expect 1 gantry bench -s --export-json . plan.yaml
	said bench "is a directory"
}

@test "an export to a device leaves the device" {
	need_root
	null_plan
	mknod null c 1 3
	expect 0 gantry bench -s --export-json null plan.yaml
	[ -c null ]
}

@test "what an engine cannot do is n/a, and is no failure" {
	plan <<-'END'
	name: Stats
	image: busybox
	drivers:
	  - {type: "Null", threads: 1, iterations: 3}
	commands: [run, metrics, stop, remove]
	END
	expect 0 gantry bench -s plan.yaml
	grep -qE '^metrics +0( +n/a){7} +0$' <<<"$out"
}

@test "a plan that is wrong is told with its place" {
	expect 2 gantry bench -s none.yaml
	said bench "none.yaml"
	printf 'name: x\nimage: y\ndrivers:\n  - {type: "Null", threads: lots, iterations: 1}\ncommands: [run]\n' >plan.yaml
	expect 2 gantry bench -s plan.yaml
	said bench "plan.yaml:4:"
	printf 'a: [\n' >plan.yaml
	expect 2 gantry bench -s plan.yaml
	said bench "plan.yaml:"
	printf 'name: x\nimage: y\nbogus: 1\ndrivers:\n  - {type: "Null", threads: 1, iterations: 1}\ncommands: [run, stop, remove]\n' >plan.yaml
	expect 0 gantry bench -s -q plan.yaml
	said bench "warning: .*plan.yaml:3:.*bogus"
}

@test "an interrupt prints what there is and removes the containers: 130" {
	need_root
	cat >plan.yaml <<-END
	name: Long
	rootfs: $BATS_TEST_TMPDIR/bundle
	image: none
	command: sleep $NAP
	detached: true
	drivers:
	  - {type: "Native", threads: 1, iterations: 100000}
	commands: [run, stop, remove]
	END
	mkdir bundle
	ln -s "$ROOTFS" bundle/rootfs
	"$GANTRY_OCI" spec -b bundle
	jq --arg nap "$NAP" '.process.terminal = false | .process.args = ["sleep", $nap]' bundle/config.json >new
	mv new bundle/config.json
	local got=0
	# a shell without job control starts its jobs with INT ignored
	env --default-signal=INT "$GANTRY" bench -s plan.yaml >out 2>err 3>&- &
	local pid=$!
	sleep 2
	kill -INT $pid || true
	wait $pid || got=$?
	cat err >&2
	same "$got" 130
	grep -q 'This report is partial' out
	grep -qE '^run +[1-9]' out
	same "$(processes)" ""
	same "$(gantry ps -aq)" ""
}
