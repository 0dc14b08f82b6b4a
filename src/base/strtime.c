/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3339 both ways, by our own calendar: gmtime_r() and timegm() take libc's
 * time zone lock and may read its files, which a library and a static binary
 * can do without.
 */
#include "base/str.h"

#include <errno.h>
#include <string.h>

/* Days since 1970-01-01 of the (proleptic Gregorian) first of month, years counted from March. */
static int64_t days_before(int64_t year, unsigned month)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	/* 306: 0000-03-01 lies that many days into its year; 719468: from there to 1970. */
	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 - 719468;
}

static unsigned month_days(int64_t year, unsigned month)
{
	return (unsigned)(days_before(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1) -
			  days_before(year, month));
}

static char *digits(char *to, uint64_t n, unsigned width)
{
	for (unsigned i = width; i-- > 0; n /= 10)
		to[i] = (char)('0' + n % 10);
	return to + width;
}

void str_time(char *dst, uint64_t ns_since_epoch)
{
	uint64_t s = ns_since_epoch / 1000000000u, day = s / 86400, left = day;
	int64_t year = 1970 + (int64_t)(day / 366);
	unsigned month = 1;

	/* The guess is never too late, and in a uint64_t of ns at most two years early. */
	while (days_before(year + 1, 1) <= (int64_t)day)
		year++;
	left -= (uint64_t)days_before(year, 1);
	while (left >= month_days(year, month))
		left -= month_days(year, month++);
	dst = digits(dst, (uint64_t)year, 4);
	*dst++ = '-';
	dst = digits(dst, month, 2);
	*dst++ = '-';
	dst = digits(dst, left + 1, 2);
	*dst++ = 'T';
	dst = digits(dst, s / 3600 % 24, 2);
	*dst++ = ':';
	dst = digits(dst, s / 60 % 60, 2);
	*dst++ = ':';
	dst = digits(dst, s % 60, 2);
	*dst++ = '.';
	dst = digits(dst, ns_since_epoch % 1000000000u, 9);
	memcpy(dst, "Z", 2);
}

/* `width` digits at *s, moved beyond them; their value, or -1. */
static int take(const char **s, unsigned width)
{
	int n = 0;

	for (unsigned i = 0; i < width; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		n = n * 10 + (**s - '0');
	}
	return n;
}

/* The pattern's letters are fields of two or four digits, all else stands for itself. */
static bool take_fields(const char **s, const char *pattern, int *field)
{
	for (; *pattern; pattern++) {
		if (*pattern == '4' || *pattern == '2') {
			*field = take(s, (unsigned)(*pattern - '0'));
			if (*field++ < 0)
				return false;
		} else if (*(*s)++ != *pattern) {
			return false;
		}
	}
	return true;
}

/* ".123", up to nine digits, or nothing. -1: not a fraction. */
static int64_t take_fraction(const char **s)
{
	int64_t ns = 0;
	unsigned n = 0;

	if (**s != '.')
		return 0;
	for ((*s)++; **s >= '0' && **s <= '9'; (*s)++)
		if (n++ < 9)
			ns = ns * 10 + (**s - '0');
	for (unsigned i = n; i < 9; i++)
		ns *= 10;
	return n >= 1 && n <= 9 ? ns : -1;
}

/* "Z" or "+HH:MM" to the end of s. */
static bool take_offset(const char **s, int64_t *ret_seconds)
{
	int f[2] = { 0, 0 }, sign = **s == '-' ? -1 : 1;

	if (**s == 'Z' || **s == 'z') {
		(*s)++;
	} else {
		if (**s != '+' && **s != '-')
			return false;
		(*s)++;
		if (!take_fields(s, "2:2", f) || f[0] > 23 || f[1] > 59)
			return false;
	}
	*ret_seconds = sign * (f[0] * 3600 + f[1] * 60);
	return **s == '\0';
}

int str_time_parse(const char *s, uint64_t *ret_ns)
{
	int d[3], t[3];
	int64_t ns, off, sec;
	uint64_t all;

	if (!take_fields(&s, "4-2-2", d) || (*s != 'T' && *s != 't'))
		return -EINVAL;
	s++;
	if (!take_fields(&s, "2:2:2", t))
		return -EINVAL;
	ns = take_fraction(&s);
	if (ns < 0 || !take_offset(&s, &off))
		return -EINVAL;
	/* Second 60 is a leap second; it becomes the next one, as POSIX time has it. */
	if (d[1] < 1 || d[1] > 12 || d[2] < 1 || d[2] > (int)month_days(d[0], (unsigned)d[1]) ||
	    t[0] > 23 || t[1] > 59 || t[2] > 60)
		return -EINVAL;
	sec = (days_before(d[0], (unsigned)d[1]) + d[2] - 1) * 86400 +
	      t[0] * 3600 + t[1] * 60 + t[2] - off;
	if (sec < 0) {
		*ret_ns = 0;
		return 0;
	}
	if (__builtin_mul_overflow((uint64_t)sec, 1000000000u, &all) ||
	    __builtin_add_overflow(all, (uint64_t)ns, &all))
		return -EINVAL;
	*ret_ns = all;
	return 0;
}
