/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that touches libyaml's symbols. It is loaded for each document
 * and let go afterwards: the loader counts, nothing global is kept, and a
 * program that never reads YAML never pays for it. The ELF note tells
 * packagers' tools about the dependency that the dynamic section does not.
 */
#include "codec/libyaml.h"

#include <dlfcn.h>
#include <string.h>

#include "base/err.h"

/* The UAPI group's "ELF dlopen metadata": note FDO, type 0x407c0c0a, a JSON array. */
#define NOTE_TEXT                                                                       \
	"[{\"feature\":\"yaml\",\"description\":\"Benchmark plans and other YAML files\"," \
	"\"priority\":\"recommended\",\"soname\":[\"" LIBYAML_SONAME "\"]}]"

static const struct {
	uint32_t name_size, text_size, type;
	char name[4];
	char text[(sizeof(NOTE_TEXT) + 3) & ~3ul];
} note __attribute__((used, section(".note.dlopen"), aligned(4))) = {
	4, sizeof(NOTE_TEXT), 0x407c0c0a, "FDO", NOTE_TEXT,
};

/* dlsym() gives a data pointer; POSIX lets it hold a function, ISO C has no cast for that. */
static int find(void *so, const char *name, void *slot)
{
	void *symbol = dlsym(so, name);

	memcpy(slot, &symbol, sizeof(symbol));
	return symbol ? 0 : -ENOTSUP;
}

int libyaml_load(struct libyaml *y, const char *soname, struct gantry_err *err)
{
	struct libyaml new = { 0 };

	new.so = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!new.so)
		return err_set(err, ENOTSUP,
			       "YAML needs %s, which is not there: install the package libyaml-0-2",
			       soname);
	if (find(new.so, "yaml_parser_initialize", &new.initialize) < 0 ||
	    find(new.so, "yaml_parser_delete", &new.finish) < 0 ||
	    find(new.so, "yaml_parser_set_input_string", &new.set_input) < 0 ||
	    find(new.so, "yaml_parser_set_encoding", &new.set_encoding) < 0 ||
	    find(new.so, "yaml_parser_parse", &new.parse) < 0 ||
	    find(new.so, "yaml_event_delete", &new.event_free) < 0) {
		libyaml_done(&new);
		return err_set(err, ENOTSUP, "%s lacks a function of libyaml 0.2", soname);
	}
	*y = new;
	return 0;
}

void libyaml_done(struct libyaml *y)
{
	int e = errno;

	if (y->so)
		(void)dlclose(y->so);
	y->so = NULL;
	errno = e;
}
