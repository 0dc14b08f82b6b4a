/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan calls an engine: bucketbench's driver types, in any case, and engine addresses. */
#pragma once
#include <gantry/base.h>

enum type_need { NEEDS_NOTHING, NEEDS_IMAGE, NEEDS_ROOTFS };

struct type_engine {
	const char *name;    /* the type as it is written in reports: "Runc"; static */
	char *address;       /* for gantry_engine_open(); owned by the caller */
	enum type_need need;
};

/*
 * Looks up `type` and makes an engine address of it and of `clientpath` (may be
 * NULL). Returns 0; -ENOENT no such type; -EINVAL the clientpath is missing, is
 * not used by that type, or holds a comma: words in err, without a place; -ENOMEM.
 */
int type_find(const char *type, const char *clientpath, struct type_engine *ret,
	      struct gantry_err *err);
/* What the engine at `address` needs, as far as its first word tells. */
enum type_need type_need_of(const char *address);
