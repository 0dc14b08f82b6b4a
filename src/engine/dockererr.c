/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's failures as ours. The status alone says too little: dockerd 20.10
 * answers 400 when a command is not there and 500 when several ids begin alike,
 * podman answers 500 to nearly everything and 404 to several ids. So its words
 * decide first (this table holds those of dockerd 20.10 to 29 and of podman 4),
 * then the status.
 */
#include "engine/docker.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

enum { WORDS_MAX = 200 };

struct meaning {
	const char *words; /* somewhere in what it says, any case */
	int code;
	int exit;
	const char *state; /* "container NAME ...", where we say it in our own way */
};

static const struct meaning any[] = {
	{ "multiple ids found with provided prefix", ENOTUNIQ, 0, NULL },
	{ "more than one result for container", ENOTUNIQ, 0, NULL },
	{ "client version", EPROTO, 0, NULL }, /* "... is too old. Minimum supported ..." */
	{ "is already in use by", EEXIST, 0, NULL },
	{ "name is already in use", EEXIST, 0, NULL },
	{ "is not running", EBUSY, 0, "is not running" },
	{ "can only kill running containers", EBUSY, 0, "is not running" },
	{ "is not paused", EBUSY, 0, "is not paused" },
	/* containerd's: dockerd learns by an event, and for a moment calls paused what runs */
	{ "cannot resume a running", EBUSY, 0, "is not paused" },
	{ "is already paused", EBUSY, 0, "is paused already" },
	{ "cannot start a paused container", EBUSY, 0, "is paused" },
	{ "is paused", EBUSY, 0, "is paused" },
	{ "state to be started", EBUSY, 0, "is in no state to be started" },
	{ "already in progress", EBUSY, 0, NULL },
	{ "container state improper", EBUSY, 0, NULL },
	{ "no space left on device", ENOSPC, 0, NULL },
	{ "read-only file system", EROFS, 0, NULL },
};

/* What only the start of a command can mean. From LOOSE on: only where no mount is to blame. */
static const struct meaning start[] = {
	{ "executable file", ENOENT, 127, NULL },           /* ... not found in $PATH */
	{ "open executable", EACCES, 126, NULL },           /* crun, of a directory */
	{ "exec format error", EACCES, 126, NULL },
	{ "no such file or directory", ENOENT, 127, NULL },
	{ "not a directory", ENOENT, 127, NULL },
	{ "is a directory", EACCES, 126, NULL },
	{ "permission denied", EACCES, 126, NULL },
};
enum { LOOSE = 3 };

static const struct {
	int status;
	int code;
} statuses[] = {
	{ 304, EBUSY }, { 400, EINVAL }, { 401, EACCES }, { 403, EACCES }, { 404, ENOENT },
	{ 405, ENOTSUP }, { 409, EBUSY }, { 501, ENOTSUP },
};

/* Layers of the same story that say nothing to whoever started a container. */
static const char *const noise[] = {
	"error response from daemon: ", "failed to create shim task: ",
	"failed to create task for container: ", "oci runtime create failed: ",
	"runc create failed: ", "unable to start container process: ",
	"container create: ", "creating container storage: ", "crun: ",
}, *const tails[] = {
	": unknown", ": OCI permission denied", ": container state improper",
	": OCI runtime attempted to invoke a command that was not found",
};

static const char *skip_noise(const char *text)
{
	const char *attach = str_after(text, "preparing container ");

	/* podman creates in the runtime when something attaches */
	if (attach && (attach = strstr(attach, " for attach: ")))
		text = attach + strlen(" for attach: ");
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		size_t n = strlen(noise[i]);

		if (!strncasecmp(text, noise[i], n)) {
			text += n;
			i = (size_t)-1; /* begin again: they come in any order */
		}
	}
	return text;
}

static void cut_tails(char *text)
{
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t n = strlen(text), t = strlen(tails[i]);

		if (n > t && str_eq(text + n - t, tails[i]))
			text[n - t] = '\0';
	}
}

/* What the daemon said, one printable line without the layers around it. */
static void its_words(struct http *h, char *dst, size_t size)
{
	struct json_doc doc = { 0 };
	const char *text = "";

	if (h->body.len && json_parse(&doc, "answer", h->body.buf, h->body.len, NULL, NULL) == 0)
		text = json_text(json_get(doc.root, "message"), "");
	else if (h->body.len)
		text = h->body.buf; /* before API 1.24, and of proxies: plain text */
	str_printable(dst, size, skip_noise(text + strspn(text, " \t\r\n")));
	json_done(&doc);
}

static const struct meaning *find(const struct meaning *t, size_t n, const char *words)
{
	for (size_t i = 0; i < n; i++)
		if (strcasestr(words, t[i].words))
			return &t[i];
	return NULL;
}

static struct meaning meaning_of(const struct docker_ask *a, int status, const char *words)
{
	bool mount = strcasestr(words, "mount") && !str_after(words, "exec: ");
	const struct meaning *m = NULL;

	if (a->about == DOCKER_START && status != 404)
		m = find(start, mount ? LOOSE : sizeof(start) / sizeof(start[0]), words);
	if (!m)
		m = find(any, sizeof(any) / sizeof(any[0]), words);
	if (m)
		return *m;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return (struct meaning){ NULL, statuses[i].code, 0, NULL };
	return (struct meaning){ NULL, status >= 500 ? EIO : EPROTO, 0, NULL };
}

static bool is_about_container(const struct docker_ask *a)
{
	return a->about == DOCKER_CONTAINER || a->about == DOCKER_START;
}

/* What every engine says alike, in its words; 0 where the daemon's own are better. */
static int say_it_ourselves(const struct docker_ask *a, int status, const struct meaning *m,
			    const char *words, struct gantry_err *err)
{
	bool container = is_about_container(a);

	if (status == 304 && a->about == DOCKER_START)
		return err_set(err, m->code, "container %.150s is running already", a->name);
	if (container && m->state)
		return err_set(err, m->code, "container %.150s %s", a->name, m->state);
	if (container && m->code == ENOTUNIQ)
		return err_set(err, m->code, "several containers' ids begin with %.150s", a->name);
	if (container && m->code == ENOENT && status == 404)
		return err_set(err, m->code, "no container %.150s", a->name);
	if (m->code == ENOENT && (a->about == DOCKER_IMAGE || strcasestr(words, "no such image")))
		return err_set(err, m->code, "no such image: %.150s (pull it first)", a->name);
	return 0;
}

int docker_error(const struct docker *d, const struct docker_ask *a, struct http *h, struct call *c)
{
	int status = h->answer.status;
	char words[WORDS_MAX];
	struct meaning m;

	its_words(h, words, sizeof(words));
	m = meaning_of(a, status, words);
	cut_tails(words);
	if (say_it_ourselves(a, status, &m, words, c->err) < 0)
		;
	else if (*words)
		err_set(c->err, m.code, "%s", words);
	else
		err_set(c->err, m.code, "%s answers status %d without a word",
			d->podman ? "podman" : "docker", status);
	c->err->exit = m.exit;
	return -m.code;
}
