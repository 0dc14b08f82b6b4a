# Bad input: one line that says what and why, the right exit code, and nothing left behind.
load helpers
setup_file() { flow_file; }
setup() { flow_test; }
teardown() { flow_end; }

# what takes a rootfs or a bundle
local_engines() { (engines | grep -v docker) || true; }

each_local() {
	local FLOW_ENGINES
	FLOW_ENGINES=$(local_engines)
	[ -n "$FLOW_ENGINES" ] || skip "no local engine here"
	each --traces "$1"
}

no_rootfs() {
	expect 125 gantry -E "$1" run --rootfs "$BATS_TEST_TMPDIR/none" -- true
	said run "$BATS_TEST_TMPDIR/none"
	expect 125 gantry -E "$1" run -d --rootfs "$BATS_TEST_TMPDIR/none" -- true
	said run "$BATS_TEST_TMPDIR/none"
	expect 125 gantry -E "$1" create --rootfs "$ROOTFS/bin/plain" -- true
	said create "plain"
}
@test "a rootfs that is not there, or is no directory" { each_local no_rootfs; }

no_bundle() {
	expect 125 gantry -E "$1" run --bundle "$BATS_TEST_TMPDIR/none"
	said run "$BATS_TEST_TMPDIR/none"
	mkdir -p "$BATS_TEST_TMPDIR/empty"
	expect 125 gantry -E "$1" run -b "$BATS_TEST_TMPDIR/empty"
	said run "config.json"
}
@test "a bundle that is not there, or has no config.json" { each_local no_bundle; }

bundle() { # text: a bundle with this config.json
	mkdir -p "$BATS_TEST_TMPDIR/bundle"
	rm -rf "$BATS_TEST_TMPDIR/bundle/config.json"
	ln -sfn "$ROOTFS" "$BATS_TEST_TMPDIR/bundle/rootfs"
	printf '%s' "$1" >"$BATS_TEST_TMPDIR/bundle/config.json"
}

broken_config() {
	local text
	for text in '' '{' '[]' 'null' '{"ociVersion": 1}' '{"ociVersion": "1.0.2", "ociVersion": "1.0.2"}' \
		'{"ociVersion": "1.0.2", "root": {"path": "../../../../etc"}, "process": "no"}' \
		'{"ociVersion": "1.0.2", "process": {"args": [], "cwd": "/"}, "root": {"path": "rootfs"}}' \
		"$(printf '[%.0s' {1..2000})"; do
		bundle "$text"
		expect 125 gantry -E "$1" run --bundle "$BATS_TEST_TMPDIR/bundle"
		said run .
	done
	rm "$BATS_TEST_TMPDIR/bundle/config.json"
	mkfifo "$BATS_TEST_TMPDIR/bundle/config.json"
	expect 125 timeout 8 "$GANTRY" -E "$1" run --bundle "$BATS_TEST_TMPDIR/bundle"
	rm "$BATS_TEST_TMPDIR/bundle/config.json"
	ln -s /dev/zero "$BATS_TEST_TMPDIR/bundle/config.json"
	expect 125 timeout 8 "$GANTRY" -E "$1" run --bundle "$BATS_TEST_TMPDIR/bundle"
}
@test "a config.json that is broken, endless or no file" { each_local broken_config; }

unsupported() {
	bundle "$("$GANTRY_OCI" spec -b /dev/stdout 2>/dev/null || true)"
	(cd "$BATS_TEST_TMPDIR/bundle" && rm -f config.json && "$GANTRY_OCI" spec)
	local at
	for at in '.hooks = {"prestart": [{"path": "/bin/true"}]}' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}' \
		'.linux.namespaces += [{"type": "user"}]' '.process.nosuchkey = 1'; do
		jq "$at | .process.terminal = false" "$BATS_TEST_TMPDIR/bundle/config.json" >"$BATS_TEST_TMPDIR/new.json"
		mkdir -p "$BATS_TEST_TMPDIR/b2"
		ln -sfn "$ROOTFS" "$BATS_TEST_TMPDIR/b2/rootfs"
		cp "$BATS_TEST_TMPDIR/new.json" "$BATS_TEST_TMPDIR/b2/config.json"
		expect 125 gantry -E native run --bundle "$BATS_TEST_TMPDIR/b2"
		said run "hooks|seccomp|user|nosuchkey"
	done
}
@test "what the runtime does not know in a config.json it refuses by name" {
	need_root
	traces_begin native
	unsupported
	traces_end
}

unknown_container() {
	local v
	for v in stop kill pause unpause rm wait inspect; do
		expect 1 gantry -E "$1" $v nosuch
		said $v nosuch
	done
	expect 125 gantry -E "$1" start nosuch
	said start nosuch
}
@test "an unknown container" { each_local unknown_container; }

wrong_image() {
	expect 125 gantry -E "$1" run busybox true
	said run "image|rootfs"
}
@test "an image where the engine takes none" { each_local wrong_image; }

failing_start() {
	expect 127 gantry -E "$1" run --name "$TAG" --rootfs "$ROOTFS" -- /no/such
	expect 127 gantry -E "$1" run -d --name "$TAG" --rootfs "$ROOTFS" -- /no/such
	expect 126 gantry -E "$1" run -d --name "$TAG" --rootfs "$ROOTFS" -- /bin/plain
	expect 125 gantry -E "$1" run -d --name "$TAG" --rootfs "$ROOTFS" -v /no/such/dir:/data -- true
	expect 125 gantry -E "$1" run --name "$TAG" --rootfs "$ROOTFS" --ulimit nosuch=1 -- true
	expect 0 gantry -E "$1" run --rm --name "$TAG" --rootfs "$ROOTFS" -- true
}
@test "a container that could not be started leaves nothing, its name neither" { each_local failing_start; }

@test "without root one line says what is missing" {
	need_root
	mkdir -p "$GANTRY_ROOT" "$GANTRY_RUN"
	chmod 755 "$BATS_TEST_TMPDIR" "$GANTRY_ROOT" "$GANTRY_RUN"
	expect 125 setpriv --reuid 65534 --regid 65534 --clear-groups "$GANTRY" run --rootfs "$ROOTFS" -- true
	said run "root|permi|not allowed"
	same "$(find "$GANTRY_ROOT" "$GANTRY_RUN" -mindepth 1)" ""
}

full() {
	umount "$BATS_TEST_TMPDIR/full" 2>/dev/null || true
	mkdir -p "$BATS_TEST_TMPDIR/full"
	mount -t tmpfs -o size=64k tmpfs "$BATS_TEST_TMPDIR/full"
	mkdir "$BATS_TEST_TMPDIR/full/"{root,run}
	GANTRY_ROOT=$BATS_TEST_TMPDIR/full/root GANTRY_RUN=$BATS_TEST_TMPDIR/full/run gantry -E "$1" run --rm --rootfs "$ROOTFS" -- true
	dd if=/dev/zero of="$BATS_TEST_TMPDIR/full/fill" bs=4k 2>/dev/null || true
	find "$BATS_TEST_TMPDIR/full" | sort >"$BATS_TEST_TMPDIR/full.before"
	expect 125 env GANTRY_ROOT="$BATS_TEST_TMPDIR/full/root" GANTRY_RUN="$BATS_TEST_TMPDIR/full/run" \
		timeout 30 "$GANTRY" -E "$1" run --name full --rootfs "$ROOTFS" -- sleep "$NAP"
	said run "[Nn]o space|ENOSPC"
	expect 125 env GANTRY_ROOT="$BATS_TEST_TMPDIR/full/root" GANTRY_RUN="$BATS_TEST_TMPDIR/full/run" \
		timeout 30 "$GANTRY" -E "$1" run -d --name full --rootfs "$ROOTFS" -- sleep "$NAP"
	find "$BATS_TEST_TMPDIR/full" | sort | diff "$BATS_TEST_TMPDIR/full.before" -
	umount "$BATS_TEST_TMPDIR/full"
}
@test "a full disk while creating" { each_local full; }
