/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/request.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "base/str.h"
#include "engine/ops.h"

int request_flags(unsigned flags, unsigned known, struct gantry_err *err)
{
	if (flags & ~known)
		return err_set(err, EINVAL, "unknown flag 0x%x", flags & ~known);
	return 0;
}

int request_signal(int sig, struct gantry_err *err)
{
	if (sig < 1 || sig > 64)
		return err_set(err, EINVAL, "there is no signal %d", sig);
	return 0;
}

static int copy(void *dst, size_t size, const void *src, const char *what, struct gantry_err *err)
{
	int r = sized_copy(dst, size, src);

	if (r == -E2BIG)
		return err_set(err, E2BIG,
			       "%s has fields that this version of gantry does not know", what);
	if (r < 0)
		return err_set(err, -r, "%s has no size: start from its INIT", what);
	return 0;
}

/* ---- what to run: a table of rules, one for each field that has one ---- */

static int bad(struct gantry_err *err, const char *field, const char *text, const char *rule)
{
	char shown[80];

	str_printable(shown, sizeof(shown), text);
	return err_set(err, EINVAL, "%s \"%s\": %s", field, shown, rule);
}

static int check_name(const char *name, struct gantry_err *err)
{
	if (str_is_id(name))
		return 0;
	return bad(err, "name", name,
		   "has to be letters, digits, _ . - (128 at most, a letter or digit first)");
}

static int check_absolute(const char *path, struct gantry_err *err)
{
	return *path == '/' ? 0 : bad(err, "working directory", path, "is not absolute");
}

static int check_given(const char *text, struct gantry_err *err)
{
	return *text ? 0
		     : err_set(err, EINVAL, "an image, rootfs, bundle, user or hostname is empty");
}

static int check_pair(const char *text, struct gantry_err *err)
{
	const char *eq = strchr(text, '=');

	return eq && eq != text ? 0 : bad(err, "environment", text, "is not NAME=VALUE");
}

static int check_label(const char *text, struct gantry_err *err)
{
	const char *eq = strchr(text, '='), *own = str_after(text, OWNER_LABEL);

	if (own && (*own == '=' || !*own))
		return bad(err, "label", text, "is gantry's own mark and cannot be given");
	return eq && eq != text ? 0 : bad(err, "label", text, "is not KEY=VALUE");
}

static int check_volume(const char *text, struct gantry_err *err)
{
	const char *dir = strchr(text, ':'), *mode = dir ? strchr(dir + 1, ':') : NULL;

	if (!dir || *text != '/' || dir[1] != '/')
		return bad(err, "volume", text,
			   "is not HOSTDIR:DIR[:ro|rw] with absolute directories");
	if (mode && !str_eq(mode, ":ro") && !str_eq(mode, ":rw"))
		return bad(err, "volume", text, "ends in neither :ro nor :rw");
	return 0;
}

static int check_cap(const char *text, struct gantry_err *err)
{
	if (*text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345"
					"6789_")])
		return 0;
	return bad(err, "capability", text, "is no capability's name");
}

static int check_ulimit(const char *text, struct gantry_err *err)
{
	const char *eq = strchr(text, '=');

	return eq && eq != text && eq[1] ? 0 : bad(err, "ulimit", text, "is not NAME=SOFT[:HARD]");
}

#define AT(field) offsetof(struct gantry_create, field)

static const struct {
	size_t at;
	int (*check)(const char *text, struct gantry_err *err);
} texts[] = {
	{ AT(name), check_name },
	{ AT(image), check_given },
	{ AT(rootfs), check_given },
	{ AT(bundle), check_given },
	{ AT(workdir), check_absolute },
	{ AT(user), check_given },
	{ AT(hostname), check_given },
}, lists[] = {
	{ AT(env), check_pair },
	{ AT(labels), check_label },
	{ AT(volumes), check_volume },
	{ AT(cap_add), check_cap },
	{ AT(cap_drop), check_cap },
	{ AT(ulimits), check_ulimit },
};

static int check_texts(const struct gantry_create *w, struct gantry_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text =
			*(const char *const *)(const void *)((const char *)w + texts[i].at);

		if (text)
			r = texts[i].check(text, err);
	}
	return r;
}

static int check_lists(const struct gantry_create *w, struct gantry_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *const *list =
			*(const char *const *const *)(const void *)((const char *)w + lists[i].at);

		while (r == 0 && list && *list)
			r = lists[i].check(*list++, err);
	}
	return r;
}

/* With a bundle its config.json rules: nothing may be asked for beside it that would be ignored. */
static int check_bundle(const struct gantry_create *w, struct gantry_err *err)
{
	const char *what = w->args	? "a command" :
			   w->env	? "environment" :
			   w->workdir	? "a working directory" :
			   w->user	? "a user" :
			   w->hostname	? "a hostname" :
			   w->volumes	? "volumes" :
			   w->cap_add || w->cap_drop ? "capabilities" :
			   w->ulimits	? "ulimits" :
			   w->mem_bytes || w->cpu_milli || w->pids_limit ? "limits" :
			   w->flags & GANTRY_CREATE_READ_ONLY ? "read-only" : NULL;

	if (!w->bundle || !what)
		return 0;
	return err_set(err, EINVAL, "%s cannot be given beside a bundle: its config.json rules",
		       what);
}

int request_create(struct gantry_create *ret, const struct gantry_create *from,
		   struct gantry_err *err)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	int r;

	if (!from)
		return err_set(err, EINVAL, "it is not said what to run");
	r = copy(&w, sizeof(w), from, "struct gantry_create", err);
	if (r == 0)
		r = request_flags(w.flags, GANTRY_CREATE_READ_ONLY | GANTRY_CREATE_AUTO_REMOVE,
				  err);
	if (r < 0)
		return r;
	if (w.reserved)
		return err_set(err, EINVAL, "reserved has to be 0");
	if (!!w.image + !!w.rootfs + !!w.bundle != 1)
		return err_set(err, EINVAL,
			       "exactly one of image, rootfs and bundle has to be given");
	if (w.args && (!w.args[0] || !*w.args[0]))
		return err_set(err, EINVAL, "the command is empty");
	if (w.pids_limit < 0)
		return err_set(err, EINVAL, "the limit of processes is below 0");
	r = check_bundle(&w, err);
	if (r == 0)
		r = check_texts(&w, err);
	if (r == 0)
		r = check_lists(&w, err);
	if (r == 0)
		*ret = w;
	return r;
}

int request_run(struct gantry_run *ret, const struct gantry_run *from, struct gantry_err *err)
{
	struct gantry_run h = GANTRY_RUN_INIT;
	int r = copy(&h, sizeof(h), from, "struct gantry_run", err);

	if (!from)
		h.flags = GANTRY_RUN_DETACH;
	if (r == 0)
		r = request_flags(h.flags, GANTRY_RUN_DETACH, err);
	if (r < 0)
		return r;
	if (h.reserved)
		return err_set(err, EINVAL, "reserved has to be 0");
	if (h.flags & GANTRY_RUN_DETACH &&
	    (h.stdin_fd >= 0 || h.stdout_fd >= 0 || h.stderr_fd >= 0 || h.signal_fd >= 0))
		return err_set(err, EINVAL,
			       "a detached run has no streams and no signals of the caller's");
	*ret = h;
	return 0;
}

int request_stop(struct gantry_stop *ret, const struct gantry_stop *from, struct gantry_err *err)
{
	struct gantry_stop s = GANTRY_STOP_INIT;
	int r = copy(&s, sizeof(s), from, "struct gantry_stop", err);

	if (r == 0 && s.reserved)
		r = err_set(err, EINVAL, "reserved has to be 0");
	if (r == 0 && s.signal)
		r = request_signal(s.signal, err);
	if (r == 0)
		*ret = s;
	return r;
}

int request_exit(const struct gantry_exit *to, struct gantry_err *err)
{
	if (to && to->size < sizeof(to->size))
		return err_set(err, EINVAL,
			       "struct gantry_exit has no size: start from GANTRY_EXIT_INIT");
	return 0;
}

void request_exit_fill(struct gantry_exit *to, const struct gantry_exit *from)
{
	size_t n;

	if (!to)
		return;
	n = to->size < sizeof(*from) ? to->size : sizeof(*from);
	memcpy((char *)to + sizeof(to->size), (const char *)from + sizeof(from->size),
	       n - sizeof(from->size));
}
