/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writes the absolute path `from` to `to` without ".", double and trailing slashes; never longer,
 * and `to` may be `from`. 0, or -EINVAL: not absolute, or it holds "..".
 */
int path_clean(char *to, const char *from);
