/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine addresses, and the table of names that gantry knows.
 *
 * Names match without regard to case, so that bucketbench's type names (Docker,
 * Runc, CRun, ...) stand in its files as they are; that old table matched with
 * case and took every unknown word for "null", which hid typing errors. Engines
 * that are known but not driven yet have a row without a table: they are
 * refused by name, not as if they were unknown.
 *
 * What bites: a comma ends ADDRESS, so a socket path with a comma cannot be
 * written. Nobody has one.
 */
#include "engine/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"

struct name {
	const char *name;
	const struct engine_ops *ops; /* NULL: known, not driven yet */
	const char *address; /* what stands for an ADDRESS that is not given; NULL: nothing */
	bool podman;                  /* the default address is podman's socket */
	bool alias;                   /* not listed when the known ones are named */
};

static const struct name names[] = {
	{ "native", &engine_native, NULL, false, false },
	{ "oci", &engine_oci, NULL, false, false },
	{ "docker", &engine_docker, NULL, false, false },
	{ "podman", &engine_docker, NULL, true, false },
	{ "null", &engine_null, NULL, false, false },
	{ "runc", &engine_oci, "runc", false, true },
	{ "crun", &engine_oci, "crun", false, true },
	{ "youki", &engine_oci, "youki", false, true },
	{ "docker-cli", NULL, NULL, false, true },
	{ "dockercli", NULL, NULL, false, true },
	{ "containerd", NULL, NULL, false, true },
	{ "ctr", NULL, NULL, false, true },
	{ "cri", NULL, NULL, false, true },
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* "native, oci, docker, podman, null" */
static void known(char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < NAMES && n < size; i++)
		if (!names[i].alias)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
					      names[i].name);
}

static const struct name *find(const char *text, size_t len)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strlen(names[i].name) == len && !strncasecmp(names[i].name, text, len))
			return &names[i];
	return NULL;
}

static int unknown(const char *text, size_t len, struct gantry_err *err)
{
	char name[64], word[64], list[96];

	snprintf(word, sizeof(word), "%.*s", len < sizeof(word) ? (int)len : (int)sizeof(word) - 1,
		 text);
	str_printable(name, sizeof(name), word);
	known(list, sizeof(list));
	return err_set(err, EINVAL, "no engine called \"%s\"; there are %s", name, list);
}

char *where_podman_socket(void)
{
	const char *host = getenv("CONTAINER_HOST"), *dir = getenv("XDG_RUNTIME_DIR");
	const char *path = host ? str_after(host, "unix://") : NULL;

	if (path)
		return strdup(path);
	if (geteuid() == 0)
		return strdup("/run/podman/podman.sock");
	if (dir && *dir == '/')
		return str_printf("%s/podman/podman.sock", dir);
	return str_printf("/run/user/%u/podman/podman.sock", (unsigned)geteuid());
}

static int bad_key(const char *key, const struct engine_ops *ops, struct gantry_err *err)
{
	char name[64], word[64], list[128] = "";
	size_t n = 0;

	snprintf(word, sizeof(word), "%.*s", (int)sizeof(word) - 1, key);
	word[strcspn(word, "=")] = '\0';
	str_printable(name, sizeof(name), word);
	for (const char *const *k = ops->keys; k && *k && n < sizeof(list); k++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", *k);
	if (!n)
		return err_set(err, EINVAL, "%s takes no key \"%s\", nor any other", ops->kind,
			       name);
	return err_set(err, EINVAL, "%s takes no key \"%s\"; it takes %s", ops->kind, name, list);
}

static bool takes(const struct engine_ops *ops, const char *key, size_t len)
{
	for (const char *const *k = ops->keys; k && *k; k++)
		if (strlen(*k) == len && !memcmp(*k, key, len))
			return true;
	return false;
}

/* Cuts "key=value,key=value" into w->keys. */
static int take_keys(char *text, const struct engine_ops *ops, struct engine_where *w,
		     struct gantry_err *err)
{
	enum { MAX = sizeof(w->keys) / sizeof(w->keys[0]) - 1 };
	size_t n = 0, len;
	char *key;

	while ((key = strsep(&text, ","))) {
		len = strcspn(key, "=");
		if (len == 0 || !key[len])
			return err_set(err, EINVAL, "%s: after a comma stands key=value",
				       ops->kind);
		if (!takes(ops, key, len))
			return bad_key(key, ops, err);
		for (size_t i = 0; i < n; i++)
			if (!strncmp(w->keys[i], key, len + 1))
				return err_set(err, EINVAL, "%s: key \"%.*s\" is given twice",
					       ops->kind, (int)len, key);
		if (n == MAX)
			return err_set(err, EINVAL, "%s: more than %d keys", ops->kind, MAX);
		w->keys[n++] = key;
	}
	return 0;
}

/* The whole copy: the rest of `text` behind the engine's name, with the default address put in. */
static char *copy_rest(const struct name *name, const char *text)
{
	clean_free char *socket = NULL;
	const char *address = name->address;

	if (*text == ':' && text[1] && text[1] != ',')
		return strdup(text);
	if (*text == ':')
		text++;
	if (name->podman)
		address = socket = where_podman_socket();
	if (name->podman && !address)
		return NULL;
	return str_printf(":%s%s", address ? address : "", text);
}

int where_parse(const char *where, struct engine_where *ret, const struct engine_ops **ops,
		struct gantry_err *err)
{
	size_t len = strcspn(where, ":,");
	const struct name *name = find(where, len);
	struct engine_where w = { 0 };
	char *comma;
	int r;

	if (!name)
		return unknown(where, len, err);
	if (!name->ops)
		return err_set(err, ENOTSUP, "gantry does not drive %s yet", name->name);
	w.text = copy_rest(name, where + len);
	if (!w.text)
		return err_set(err, ENOMEM, "out of memory");
	comma = strchr(w.text, ',');
	w.rest = w.text + 1;
	if (comma) {
		*comma = '\0';
		r = take_keys(comma + 1, name->ops, &w, err);
		if (r < 0) {
			where_done(&w);
			return r;
		}
	}
	*ops = name->ops;
	*ret = w;
	return 0;
}

void where_done(struct engine_where *w)
{
	free(w->text);
	memset(w, 0, sizeof(*w));
}

const char *engine_where_key(const struct engine_where *w, const char *key)
{
	size_t len = strlen(key);

	for (const char *const *k = w->keys; *k; k++)
		if (!strncmp(*k, key, len) && (*k)[len] == '=')
			return *k + len + 1;
	return NULL;
}
