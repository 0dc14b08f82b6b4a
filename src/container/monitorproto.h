/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engine and monitor say to each other.
 *
 * The engine starts "gantry-oci monitor create|launch DIR [debug]" with one end of a
 * SOCK_SEQPACKET pair as fd 3 and the container's streams as fds 0 to 2; DIR
 * is the container's record. The monitor answers with one struct monitor_msg
 * each time something has happened:
 *
 * A third word, "debug", asks for LOG messages too: what was executed and what it said.
 *
 *   create:  CREATED (with init's pidfd), or FAILED and nothing is left
 *   launch:  CREATED, STARTED, or FAILED and nothing is left; then, if the engine
 *            still listens, ENDED
 *
 * One exception: a record that it cannot read it leaves alone. So whoever is told FAILED looks
 * whether the record is gone.
 *
 * Until the last of the engine's first part (CREATED or STARTED) has come the
 * engine stands for the container: MONITOR_ABORT, or its death, undoes all.
 *
 * After create the monitor listens on DIR/control: MONITOR_START there, from
 * any process, starts the container and is answered by STARTED or FAILED.
 *
 * Both sides are of one machine but maybe not of one version: `magic` counts.
 */
#pragma once
#include "container/record.h"

enum { MONITOR_FD = 3, MONITOR_MAGIC = 0x6d6f6e31 /* "mon1" */, MONITOR_TEXT = 4096 };

enum monitor_event {
	MONITOR_CREATED = 1,
	MONITOR_STARTED,
	MONITOR_ENDED,
	MONITOR_FAILED,
	MONITOR_LOG
};

/* Requests: one byte. */
enum { MONITOR_ABORT = 'a', MONITOR_START = 's' };

struct monitor_msg {
	uint32_t magic;
	uint32_t event;          /* enum monitor_event */
	int32_t pid;             /* CREATED: init */
	uint32_t reserved;
	struct gantry_err err;   /* FAILED: why. ENDED: what went wrong after the end, or code 0 */
	struct exit_record exit; /* ENDED */
	char text[MONITOR_TEXT]; /* LOG; in the others empty and not sent */
};

/*
 * Sends `m` (its magic is set here), with `fd` where that is not -1. 0; -EPIPE
 * nobody listens; -errno. Never SIGPIPE.
 */
int monitor_send(int sock, struct monitor_msg *m, int fd);
/*
 * Receives one, not waiting. 1, and *ret_fd (may be NULL) is the fd that came with it or -1;
 * 0 the other end is closed; -EAGAIN; -EPROTO no message of this version.
 */
int monitor_recv(int sock, struct monitor_msg *ret, int *ret_fd);

/* Listens on `control` in the record directory. An fd, or -errno. */
int monitor_listen(int dirfd);
/* Connects to it. An fd; -ENOENT, -ECONNREFUSED nobody listens; -errno. */
int monitor_connect(int dirfd);
/* Sends a request. 0 or -errno. */
int monitor_ask(int sock, char request);
/* The request that came, not waiting; 0 the other end is closed; -EAGAIN; -errno. */
int monitor_asked(int sock);
