/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, sizes and durations as people write them. Exact: digits are
 * counted in 128 bits, nothing passes through floating point or the locale.
 */
#include "base/str.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* False when it does not fit any more. */
static bool append_digit(uint64_t *n, char c)
{
	return !__builtin_mul_overflow(*n, 10u, n) &&
	       !__builtin_add_overflow(*n, (uint64_t)(c - '0'), n);
}

int str_u64(const char *s, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*s)
		return -EINVAL;
	for (const char *c = s; *c; c++)
		if (!is_digit(*c))
			return -EINVAL;
	for (; *s; s++)
		if (!append_digit(&n, *s))
			return -ERANGE;
	*ret = n;
	return 0;
}

/* "DIGITS[.DIGITS]" */
struct decimal {
	uint64_t whole;
	uint32_t frac; /* in 10^-9 */
	bool rest;     /* there are digits beyond the ninth that are not 0 */
};

/* Takes one apart at *s and moves *s beyond it. */
static int decimal(const char **s, struct decimal *ret)
{
	struct decimal d = { 0 };
	const char *c = *s;
	int r = 0, places = 0;

	if (!is_digit(*c))
		return -EINVAL;
	for (; is_digit(*c); c++)
		if (!append_digit(&d.whole, *c))
			r = -ERANGE;
	if (*c == '.') {
		if (!is_digit(*++c))
			return -EINVAL;
		for (; is_digit(*c); c++) {
			if (places++ < 9)
				d.frac = d.frac * 10 + (uint32_t)(*c - '0');
			else
				d.rest |= *c != '0';
		}
		for (; places < 9; places++)
			d.frac *= 10;
	}
	*s = c;
	*ret = d;
	return r;
}

/* d times `unit`; the remainder is dropped or, with `up`, counts as one more. */
static int times(const struct decimal *d, uint64_t unit, bool up, uint64_t *ret)
{
	unsigned __int128 n = (unsigned __int128)d->whole * unit;
	unsigned __int128 f = (unsigned __int128)d->frac * unit;

	n += f / 1000000000u;
	if (up && (f % 1000000000u || d->rest))
		n++;
	if (n > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)n;
	return 0;
}

int str_bytes(const char *s, uint64_t *ret)
{
	static const char units[] = "kmgtp";
	uint64_t unit = 1;
	struct decimal d;
	int r = decimal(&s, &d);
	const char *u;

	if (r == -EINVAL)
		return r;
	if (*s && (u = strchr(units, *s | 0x20))) {
		unit = 1ull << (10 * (u - units + 1));
		s++;
		if ((s[0] == 'i' || s[0] == 'I') && (s[1] == 'b' || s[1] == 'B'))
			s++;
	}
	if (*s == 'b' || *s == 'B')
		s++;
	if (*s)
		return -EINVAL;
	return r < 0 ? r : times(&d, unit, false, ret);
}

int str_milli(const char *s, uint64_t *ret)
{
	struct decimal d;
	int r = decimal(&s, &d);

	if (r == -EINVAL || *s)
		return -EINVAL;
	return r < 0 ? r : times(&d, 1000, true, ret);
}

/* The unit at *s in microseconds, moved beyond it; ns is below the resolution and has no unit. */
static uint64_t duration_unit(const char **s)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = { /* longer names first: "ms" begins with "m" */
		{ "ms", 1000 },	       { "us", 1 },	   { "\302\265s", 1 },
		{ "s", 1000000 },      { "m", 60000000 },  { "h", 3600000000u },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const char *after = str_after(*s, units[i].name);

		if (after) {
			*s = after;
			return units[i].us;
		}
	}
	return 0;
}

int str_duration_us(const char *s, uint64_t *ret)
{
	uint64_t sum = 0, us = 0, unit;
	bool first = true;
	int r = 0;

	do {
		struct decimal d;
		int one = decimal(&s, &d);

		if (one == -EINVAL)
			return one;
		unit = *s ? duration_unit(&s) : first ? 1000000u : 0;
		if (!unit)
			return -EINVAL;
		if (one == 0)
			one = times(&d, unit, true, &us);
		if (one < 0 || __builtin_add_overflow(sum, us, &sum))
			r = -ERANGE;
		first = false;
	} while (*s);
	if (r == 0)
		*ret = sum;
	return r;
}
