/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/* Text from outside, cut short and made printable, for messages: quote(x).text. */
struct quoted {
	char text[72];
};

static inline struct quoted quote(const char *text)
{
	struct quoted q;

	str_printable(q.text, sizeof(q.text), text);
	return q;
}
