/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a fake Docker daemon (wire/fake.h), and an engine opened at it. */
#pragma once
#include <gantry/container.h>

#include "unit/wire/fake.h"

#define clean_engine __attribute__((cleanup(gantry_engine_closep)))
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END_ROUTES { NULL, NULL, 0, 0 }

/* Answers without a length: the connection's end is theirs. */
#define HEAD(status) "HTTP/1.1 " status "\r\nApi-Version: 1.41\r\n\r\n"
#define SAY(request, status, body) { request, HEAD(status) body, FAKE_CLOSE, 0 }
#define PING SAY("GET /_ping ", "200 OK", "OK")
#define EMPTY(request, status) { request, "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n", 0, 0 }
#define UPGRADE "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define INSPECT(status, more) \
	"{\"Id\":\"" ID "\",\"Name\":\"/box\",\"State\":{\"Status\":\"" status "\"" more "}}"
#define CREATED \
	SAY("POST /v1.41/containers/create", "201 Created", "{\"Id\":\"" ID "\",\"Warnings\":[]}")
#define EXITED(code) \
	SAY("GET /v1.41/containers/" ID "/json", "200 OK", INSPECT("exited", ",\"ExitCode\":" code))
#define WAITED(code) \
	SAY("POST /v1.41/containers/" ID "/wait?condition=next-exit", "200 OK", \
	    "{\"Error\":null,\"StatusCode\":" code "}")
#define STARTED EMPTY("POST /v1.41/containers/" ID "/start", "204 No Content")

static struct gantry_op op = GANTRY_OP_INIT;

static inline struct gantry_engine *engine_at(const struct fake *f)
{
	struct gantry_engine *e = NULL;
	char where[160];
	int r;

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 5000000;
	snprintf(where, sizeof(where), "docker:%s", f->path);
	r = gantry_engine_open(where, NULL, &e, &op);
	ck_assert_msg(r == 0, "%d %s", r, op.err.msg);
	return e;
}

static inline struct gantry_create an_image(void)
{
	static const char *const command[] = { "true", NULL };
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.image = "busybox:1";
	w.args = command;
	return w;
}
