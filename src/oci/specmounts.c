/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mounts` of config.json. Option words come from one table, which `features`
 * prints too; a word that is in no table is an option of the filesystem and
 * reaches it as it stands, so that the kernel judges it ("mode=755").
 *
 * What bites: the three atime settings share bits, and mount_setattr(2)
 * clears all of them or none; superblock flags ("sync") are settings of the
 * filesystem, and a bind mount has no filesystem of its own.
 */
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "oci/specread.h"

#ifndef MOUNT_ATTR__ATIME
#define MOUNT_ATTR__ATIME 0x70
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum word_kind {
	WORD_ATTR,   /* of the mount: sets and clears MOUNT_ATTR_* */
	WORD_BIND,   /* a: recursive */
	WORD_SPREAD, /* propagation: a: MS_*, b: recursive */
	WORD_SUPER,  /* of the filesystem: passed on */
	WORD_NONE,   /* asks for nothing */
};

#define RO MOUNT_ATTR_RDONLY
#define NOATIME MOUNT_ATTR_NOATIME
#define STRICT MOUNT_ATTR_STRICTATIME
#define ATIME MOUNT_ATTR__ATIME

/* word, kind, a (sets), b (clears), sorted */
#define WORDS(X)                                                          \
	X("async", WORD_SUPER, 0, 0)                                      \
	X("atime", WORD_ATTR, 0, NOATIME)                                 \
	X("bind", WORD_BIND, 0, 0)                                        \
	X("defaults", WORD_NONE, 0, 0)                                    \
	X("dev", WORD_ATTR, 0, MOUNT_ATTR_NODEV)                          \
	X("diratime", WORD_ATTR, 0, MOUNT_ATTR_NODIRATIME)                \
	X("dirsync", WORD_SUPER, 0, 0)                                    \
	X("exec", WORD_ATTR, 0, MOUNT_ATTR_NOEXEC)                        \
	X("lazytime", WORD_SUPER, 0, 0)                                   \
	X("mand", WORD_SUPER, 0, 0)                                       \
	X("noatime", WORD_ATTR, NOATIME, ATIME)                           \
	X("nodev", WORD_ATTR, MOUNT_ATTR_NODEV, 0)                        \
	X("nodiratime", WORD_ATTR, MOUNT_ATTR_NODIRATIME, 0)              \
	X("noexec", WORD_ATTR, MOUNT_ATTR_NOEXEC, 0)                      \
	X("nolazytime", WORD_SUPER, 0, 0)                                 \
	X("nomand", WORD_SUPER, 0, 0)                                     \
	X("norelatime", WORD_NONE, 0, 0)                                  \
	X("nostrictatime", WORD_ATTR, 0, STRICT)                          \
	X("nosuid", WORD_ATTR, MOUNT_ATTR_NOSUID, 0)                      \
	X("nosymfollow", WORD_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0)            \
	X("private", WORD_SPREAD, MS_PRIVATE, 0)                          \
	X("rbind", WORD_BIND, 1, 0)                                       \
	X("relatime", WORD_ATTR, 0, ATIME)                                \
	X("ro", WORD_ATTR, RO, 0)                                         \
	X("rprivate", WORD_SPREAD, MS_PRIVATE, 1)                         \
	X("rshared", WORD_SPREAD, MS_SHARED, 1)                           \
	X("rslave", WORD_SPREAD, MS_SLAVE, 1)                             \
	X("runbindable", WORD_SPREAD, MS_UNBINDABLE, 1)                   \
	X("rw", WORD_ATTR, 0, RO)                                         \
	X("shared", WORD_SPREAD, MS_SHARED, 0)                            \
	X("slave", WORD_SPREAD, MS_SLAVE, 0)                              \
	X("strictatime", WORD_ATTR, STRICT, ATIME)                        \
	X("suid", WORD_ATTR, 0, MOUNT_ATTR_NOSUID)                        \
	X("symfollow", WORD_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW)              \
	X("sync", WORD_SUPER, 0, 0)                                       \
	X("unbindable", WORD_SPREAD, MS_UNBINDABLE, 0)

static const struct word {
	const char *name;
	enum word_kind kind;
	__u64 a, b;
} words[] = {
#define X(name, kind, a, b) { name, kind, a, b },
	WORDS(X)
#undef X
};

static const char *const word_names[] = {
#define X(name, kind, a, b) name,
	WORDS(X)
#undef X
	NULL,
};

const char *const *spec_mount_options(void)
{
	return word_names;
}

/* Words of the specification and of peers that a filesystem would not know what to do with. */
static const char *const later[] = {
	"copy-symlink", "dest-nofollow",  "idmap",        "ratime",      "rdev",
	"rdiratime",    "remount",        "rexec",        "ridmap",      "rnoatime",
	"rnodev",       "rnodiratime",    "rnoexec",      "rnorelatime", "rnosuid",
	"rrelatime",    "rnostrictatime", "rnosymfollow", "rro",         "rrw",
	"rsuid",        "rstrictatime",   "rsymfollow",   "tmpcopyup",   "src-nofollow",
	NULL,
};

static int compare_word(const void *name, const void *w)
{
	return strcmp(name, ((const struct word *)w)->name);
}

/* One mount while its options are read: their data words are collected behind each other. */
struct mounting {
	struct spec_mount *m;
	const char **data;
	size_t data_n;
};

static int add_data(struct reading *r, const char *text, struct mounting *mg)
{
	if (!*text)
		return read_err(r, EINVAL, "is empty");
	for (const char *const *l = later; *l; l++)
		if (str_eq(*l, text) || (str_after(text, *l) && *str_after(text, *l) == '='))
			return read_err(r, ENOTSUP, "\"%s\" is not supported yet", *l);
	mg->data[mg->data_n++] = text;
	return 0;
}

static int read_option(struct reading *r, const struct json *v, void *to)
{
	struct mounting *mg = to;
	struct spec_mount *m = mg->m;
	const struct word *w = bsearch(v->text, words, sizeof(words) / sizeof(words[0]),
				       sizeof(words[0]), compare_word);

	switch (w ? w->kind : WORD_SUPER) {
	case WORD_ATTR:
		m->attr_set = (m->attr_set & ~w->b) | w->a;
		m->attr_clear = (m->attr_clear | w->b) & ~(w->a & ~(__u64)ATIME);
		return 0;
	case WORD_BIND:
		m->bind = true;
		m->recursive |= w->a != 0;
		return 0;
	case WORD_SPREAD:
		m->propagation = w->a;
		m->propagation_recursive = w->b != 0;
		return 0;
	case WORD_SUPER:
		return add_data(r, v->text, mg);
	case WORD_NONE:
		return 0;
	}
	return 0;
}

static int take_nothing(struct reading *r, const struct json *v, void *to)
{
	(void)r;
	(void)v;
	(void)to;
	return 0;
}

static int read_options(struct reading *r, const struct json *v, void *to)
{
	/* room for all; of the words only those that are data come to lie in it */
	static const struct items strings = { JSON_STRING, take_nothing, sizeof(char *) };
	static const struct items kind = { JSON_STRING, read_option, 0 };
	struct spec_mount *m = to;
	struct mounting mg = { .m = m };
	int res = read_array(r, v, &strings, &mg.data, NULL);

	if (res == 0)
		res = read_items(r, v, &kind, &mg);
	if (res < 0)
		return res;
	m->data = mg.data;
	if ((m->attr_set | m->attr_clear) & ATIME)
		m->attr_clear |= ATIME;
	return 0;
}

static int check_mount(struct reading *r, struct spec_mount *m)
{
	if (str_eq(m->destination, "/"))
		return read_err(r, EINVAL, "has the root itself as its destination");
	if (str_eq(m->type, "bind"))
		m->bind = true;
	if (!m->bind && !*m->type)
		return read_err(r, EINVAL, "has neither a type nor the option \"bind\"");
	if (!m->bind)
		return 0;
	m->type = "";
	if (!*m->source)
		return read_err(r, EINVAL, "is a bind mount without a source");
	if (m->data[0])
		return read_err(r, EINVAL, "has the option \"%s\", which a bind mount cannot have",
				quote(m->data[0]).text);
	return 0;
}

static int read_mount(struct reading *r, const struct json *v, void *to)
{
	static const char *const none[] = { NULL };
	static const struct property table[] = {
		{ "destination", JSON_STRING, true, read_clean,
		  offsetof(struct spec_mount, destination) },
		{ "type", JSON_STRING, false, read_text, offsetof(struct spec_mount, type) },
		{ "source", JSON_STRING, false, read_text, offsetof(struct spec_mount, source) },
		{ "options", JSON_ARRAY, false, read_options, 0 },
		NOT_YET("uidMappings", JSON_ARRAY),
		NOT_YET("gidMappings", JSON_ARRAY),
		{ NULL },
	};
	struct spec_mount *m = to;
	int res;

	m->type = m->source = "";
	m->data = none;
	res = read_members(r, v, table, m);
	return res < 0 ? res : check_mount(r, m);
}

int read_mounts(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_OBJECT, read_mount, sizeof(struct spec_mount) };
	struct spec *s = to;

	return read_array(r, v, &kind, &s->mounts, &s->mounts_n);
}
