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
};

static const struct meaning any[] = {
	{ "multiple ids found with provided prefix", ENOTUNIQ, 0 },
	{ "more than one result for container", ENOTUNIQ, 0 },
	{ "client version", EPROTO, 0 }, /* "... 1.24 is too old. Minimum supported API version is 1.44" */
	{ "is already in use by", EEXIST, 0 },
	{ "name is already in use", EEXIST, 0 },
	{ "container state improper", EBUSY, 0 },
	{ "is not running", EBUSY, 0 },
	{ "is not paused", EBUSY, 0 },
	{ "is already paused", EBUSY, 0 },
	{ "already in progress", EBUSY, 0 },
	{ "is paused", EBUSY, 0 },
	{ "no space left on device", ENOSPC, 0 },
	{ "read-only file system", EROFS, 0 },
};

/* What only the start of a command can mean, and only where no mount is to blame. */
static const struct meaning start[] = {
	{ "executable file", ENOENT, 127 },           /* ... not found in $PATH */
	{ "no such file or directory", ENOENT, 127 },
	{ "not a directory", ENOENT, 127 },
	{ "open executable", EACCES, 126 },           /* crun, of a directory */
	{ "is a directory", EACCES, 126 },
	{ "exec format error", EACCES, 126 },
	{ "permission denied", EACCES, 126 },
};

static const struct {
	int status;
	int code;
} statuses[] = {
	{ 304, EBUSY }, { 400, EINVAL }, { 401, EACCES }, { 403, EACCES }, { 404, ENOENT },
	{ 405, ENOTSUP }, { 409, EBUSY }, { 501, ENOTSUP },
};

/* Layers of the same story that say nothing to whoever started a container. */
static const char *const noise[] = {
	"error response from daemon: ", "failed to create shim task: ", "failed to create task for container: ",
	"oci runtime create failed: ", "runc create failed: ", "unable to start container process: ",
	"container create: ", "creating container storage: ", "crun: ",
};

static const char *skip_noise(const char *text)
{
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		size_t n = strlen(noise[i]);

		if (!strncasecmp(text, noise[i], n)) {
			text += n;
			i = (size_t)-1; /* begin again: they come in any order */
		}
	}
	return text;
}

/* What the daemon said, one printable line without the layers around it. */
static void its_words(struct http *h, char *dst, size_t size)
{
	struct json_doc doc = { 0 };
	const char *text = "";
	char *unknown;

	if (h->body.len && json_parse(&doc, "answer", h->body.buf, h->body.len, NULL, NULL) == 0)
		text = json_text(json_get(doc.root, "message"), "");
	else if (h->body.len)
		text = h->body.buf; /* before API 1.24, and of proxies: plain text */
	str_printable(dst, size, skip_noise(text + strspn(text, " \t\r\n")));
	json_done(&doc);
	unknown = strstr(dst, ": unknown");
	if (unknown && str_eq(unknown, ": unknown"))
		*unknown = '\0';
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
	const struct meaning *m = find(any, sizeof(any) / sizeof(any[0]), words);
	bool command = a->about == DOCKER_START && !strcasestr(words, "mount") && status != 404;

	if (!m && command)
		m = find(start, sizeof(start) / sizeof(start[0]), words);
	if (m)
		return *m;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return (struct meaning){ NULL, statuses[i].code, 0 };
	return (struct meaning){ NULL, status >= 500 ? EIO : EPROTO, 0 };
}

/* The sentences that every engine says alike, around a name. */
struct sentence {
	const char *before, *after;
};

/* NULL where the daemon's own words are better. */
static const struct sentence *our_words(const struct docker_ask *a, int status, int code,
					const char *words)
{
	static const struct sentence running = { "container ", " is running already" },
				     several = { "several containers' ids begin with ", "" },
				     none = { "no container ", "" },
				     no_image = { "no such image: ", " (pull it first)" };
	bool container = a->about == DOCKER_CONTAINER || a->about == DOCKER_START;

	if (status == 304 && a->about == DOCKER_START)
		return &running;
	if (code == ENOTUNIQ && container)
		return &several;
	if (code == ENOENT && status == 404 && container)
		return &none;
	if (code == ENOENT && (a->about == DOCKER_IMAGE || strcasestr(words, "no such image")))
		return &no_image;
	return NULL;
}

int docker_error(const struct docker *d, const struct docker_ask *a, struct http *h, struct call *c)
{
	int status = h->answer.status;
	const struct sentence *ours;
	char words[WORDS_MAX];
	struct meaning m;

	its_words(h, words, sizeof(words));
	m = meaning_of(a, status, words);
	ours = our_words(a, status, m.code, words);
	if (ours)
		err_set(c->err, m.code, "%s%.150s%s", ours->before, a->name, ours->after);
	else if (*words)
		err_set(c->err, m.code, "%s", words);
	else
		err_set(c->err, m.code, "%s answers status %d without a word",
			d->podman ? "podman" : "docker", status);
	c->err->exit = m.exit;
	return -m.code;
}
