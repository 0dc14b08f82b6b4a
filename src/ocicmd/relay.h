/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries bytes between our standard streams and the container's terminal,
 * from one poll loop, never blocking on the terminal. Our own terminal is in raw mode
 * meanwhile and is put back by relay_done().
 */
#pragma once
#include <gantry/base.h>
#include <poll.h>
#include <stdbool.h>
#include <termios.h>

enum { RELAY_FDS = 3, RELAY_ROOM = 4096 };

/* Bytes on their way. */
struct relay_flow {
	int from, to;
	size_t begin, end;
	bool closed; /* nothing more comes, or nothing more can be written */
	char bytes[RELAY_ROOM];
};

struct relay {
	int master;           /* owned; -1: there is no terminal and nothing to carry */
	bool raw;
	struct termios saved;
	struct relay_flow in, out;
};
#define RELAY_INIT { .master = -1 }

/* Takes `master`. 0 or -errno with words. */
int relay_open(struct relay *r, int master, struct gantry_err *err);
/* Fills in what to wait for; a slot that is not needed gets fd -1. */
void relay_wait(const struct relay *r, struct pollfd fds[RELAY_FDS]);
/* Moves what can be moved after poll. */
void relay_move(struct relay *r, const struct pollfd fds[RELAY_FDS]);
/* Our terminal's size becomes the container's. */
void relay_resize(const struct relay *r);
/* The container has ended: what it wrote before goes out, for a moment at most. */
void relay_drain(struct relay *r);
void relay_done(struct relay *r);
#define clean_relay __attribute__((cleanup(relay_done)))
