/* SPDX-License-Identifier: Apache-2.0 */
/* What the front door's base.h promises beside the types: the version. */
#include <gantry/base.h>

#ifndef GANTRY_VERSION
#error "GANTRY_VERSION is not set: build with meson, or give -DGANTRY_VERSION='\"X.Y.Z\"'"
#endif

const char *gantry_version(void)
{
	return GANTRY_VERSION;
}
