/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a container, as text: they are made unambiguous here and
 * resolved elsewhere (kernel/inroot). What a ".." means depends on the
 * filesystem, so there is none.
 */
#include "oci/path.h"

#include <errno.h>
#include <string.h>

int path_clean(char *to, const char *from)
{
	char *out = to;

	if (*from != '/')
		return -EINVAL;
	while (*from) {
		size_t n;

		from += strspn(from, "/");
		n = strcspn(from, "/");
		if (n == 2 && !memcmp(from, "..", 2))
			return -EINVAL;
		if (n && !(n == 1 && *from == '.')) {
			memmove(out + 1, from, n); /* before the slash, which may hit it */
			*out = '/';
			out += n + 1;
		}
		from += n;
	}
	if (out == to)
		*out++ = '/';
	*out = '\0';
	return 0;
}
