/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of JSON: strings, numbers, words, blanks, and where in the text an
 * error is. Knows nothing of arrays and objects.
 *
 * What bites: a NUL stands behind the text and ends every loop without a test
 * for the end. Every string read is filled up with NULs to its closing quote,
 * so that a place's line can be counted when somebody asks for it, and reading
 * need not count.
 */
#include "base/jsonscan.h"

#include "base/err.h"
#include "base/str.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_place(const char *text, size_t off, size_t *line, size_t *col)
{
	size_t begin = 0;

	*line = 1;
	for (size_t i = 0; i < off; i++) {
		if (text[i] == '\n') {
			begin = i + 1;
			++*line;
		} else if (text[i] == '"') {
			/* A line feed in here came out of an escape. */
			i += strlen(text + i);
			while (i < off && !text[i])
				i++;
			i--;
		}
	}
	*col = off - begin + 1;
}

int json_scan_fail(struct json_scan *s, const char *at, int code, const char *fmt, ...)
{
	size_t line, col;
	char msg[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	/* A string lies on one line: where it begins is counted, the rest added. */
	if (s->token && at > s->token) {
		json_place(s->text, (size_t)(s->token - s->text), &line, &col);
		col += (size_t)(at - s->token);
	} else {
		json_place(s->text, (size_t)(at - s->text), &line, &col);
	}
	return err_set(s->err, code, "%s:%zu:%zu: %s", s->name, line, col, msg);
}

#define bad_at(s, at, ...) json_scan_fail(s, at, EBADMSG, __VA_ARGS__)

int json_scan_unexpected(struct json_scan *s, const char *wanted)
{
	unsigned char c = (unsigned char)*s->at;

	if (s->at == s->end)
		return bad_at(s, s->at, "the text ends where %s should follow", wanted);
	if (c > 0x20 && c < 0x7f)
		return bad_at(s, s->at, "%s should follow, not '%c'", wanted, c);
	return bad_at(s, s->at, "%s should follow, not byte 0x%02x", wanted, c);
}

void json_scan_blanks(struct json_scan *s)
{
	char *c = s->at;

	while (*c == ' ' || *c == '\n' || *c == '\t' || *c == '\r')
		c++;
	s->at = c;
}

static int hex4(const char *s, unsigned *ret)
{
	unsigned n = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= '0' && c <= '9')
			n = n << 4 | (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			n = n << 4 | (unsigned)((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	*ret = n;
	return 0;
}

static char *put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xe0 | code >> 12);
		} else {
			*to++ = (char)(0xf0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* "uXXXX" at *from, and the second half of a pair behind it. */
static int unescape_u(struct json_scan *s, char **from, char **to)
{
	const char *esc = *from - 1;
	unsigned hi, lo;

	if (hex4(*from + 1, &hi) < 0)
		return bad_at(s, esc, "\\u should be followed by four hex digits");
	*from += 5;
	if (hi == 0)
		return bad_at(s, esc, "\\u0000 in a string");
	if (hi >= 0xdc00 && hi <= 0xdfff)
		return bad_at(s, esc, "\\u%04x is a surrogate without its first half", hi);
	if (hi >= 0xd800 && hi <= 0xdbff) {
		if ((*from)[0] != '\\' || (*from)[1] != 'u' || hex4(*from + 2, &lo) < 0 ||
		    lo < 0xdc00 || lo > 0xdfff)
			return bad_at(s, esc, "\\u%04x is a surrogate without its second half", hi);
		*from += 6;
		hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
	}
	*to = put_utf8(*to, hi);
	return 0;
}

/* What stands after a backslash, at *from. */
static int unescape(struct json_scan *s, char **from, char **to)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (**from == 'u')
		return unescape_u(s, from, to);
	found = **from ? strchr(names, **from) : NULL;
	if (!found)
		return bad_at(s, *from - 1, "a backslash should be followed by one of \"\\/bfnrtu");
	*(*to)++ = bytes[found - names];
	++*from;
	return 0;
}

/* Why a string cannot go on at `at`. */
static int bad_string(struct json_scan *s, const char *at)
{
	if (at == s->end)
		return bad_at(s, at, "the text ends inside a string");
	if ((unsigned char)*at >= 0x80)
		return bad_at(s, at, "byte 0x%02x is not UTF-8", (unsigned char)*at);
	return bad_at(s, at, "byte 0x%02x in a string should be an escape", (unsigned char)*at);
}

/* Neither the end nor an escape nor to be looked at more closely. */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

int json_scan_string(struct json_scan *s, const char **ret, uint32_t *ret_len)
{
	char *begin = s->at + 1, *from = begin, *to;
	unsigned n;
	int r;

	s->token = s->at;
	/* Most strings have neither escapes nor letters beyond ASCII: nothing moves. */
	while (is_plain(*from))
		from++;
	to = from;
	while (*from != '"') {
		if (is_plain(*from)) {
			*to++ = *from++;
		} else if (*from == '\\') {
			from++;
			r = unescape(s, &from, &to);
			if (r < 0)
				return r;
		} else {
			n = str_utf8(from, (size_t)(s->end - from));
			n = n > 1 ? n : 0;
			if (!n)
				return bad_string(s, from);
			memmove(to, from, n);
			to += n;
			from += n;
		}
	}
	s->at = from + 1;
	s->token = NULL;
	*ret = begin;
	*ret_len = (uint32_t)(to - begin);
	memset(to, 0, (size_t)(s->at - to));
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * The double that text[0..len), which is a JSON number, names. strtod() reads
 * the locale's decimal point, so the "C" locale is named; of few digits and a
 * small exponent the value is exact without it.
 */
static int to_double(const char *text, double *ret)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double d;

	if (!c)
		return -ENOMEM;
	d = strtod_l(text, NULL, c);
	freelocale(c);
	if (d > __DBL_MAX__ || d < -__DBL_MAX__)
		return -ERANGE;
	*ret = d;
	return 0;
}

/* mantissa * 10^exp, both exact in a double: one rounding, so the right one (Clinger). */
static bool exact_double(uint64_t mantissa, int exp, double *ret)
{
	static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

	if (mantissa > 1ull << 53 || exp < -22 || exp > 22 || __FLT_EVAL_METHOD__ != 0)
		return false;
	*ret = exp < 0 ? (double)mantissa / tens[-exp] : (double)mantissa * tens[exp];
	return true;
}

/* A number as it is taken apart. */
struct number {
	uint64_t mantissa; /* all digits as one integer */
	int exp;           /* what power of ten it is to be multiplied with */
	bool real;         /* it has a point or an exponent */
	bool wide;         /* its digits do not fit in mantissa, or its exponent not in exp */
};

static char *take_digits(char *c, struct number *n)
{
	for (; is_digit(*c); c++)
		if (__builtin_mul_overflow(n->mantissa, 10u, &n->mantissa) ||
		    __builtin_add_overflow(n->mantissa, (uint64_t)(*c - '0'), &n->mantissa))
			n->wide = true;
	return c;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? and no more: s->at moves behind it. */
static int scan_number(struct json_scan *s, struct number *n)
{
	bool minus = false;
	char *c = s->at, *begin;
	int exp = 0;

	if (*c == '-')
		c++;
	begin = c;
	if (is_digit(*c))
		c = *c == '0' ? c + 1 : take_digits(c, n);
	if (c == begin || is_digit(*c)) {
		s->at = c;
		return c == begin ? json_scan_unexpected(s, "a digit")
				  : bad_at(s, begin, "a number begins with 0");
	}
	if (*c == '.') {
		begin = ++c;
		n->real = true;
		c = take_digits(c, n);
		n->wide |= c - begin > 400;
		n->exp = n->wide ? 0 : -(int)(c - begin);
	}
	if (begin != c && (*c == 'e' || *c == 'E')) {
		n->real = true;
		c++;
		minus = *c == '-';
		c += *c == '-' || *c == '+';
		for (begin = c; is_digit(*c); c++)
			exp = exp > 99999 ? exp : exp * 10 + (*c - '0');
		n->exp += minus ? -exp : exp;
	}
	s->at = c;
	return c == begin ? json_scan_unexpected(s, "a digit") : 0;
}

int json_scan_number(struct json_scan *s, struct json *v)
{
	const char *begin = s->at;
	struct number n = { 0 };
	int r = scan_number(s, &n);
	bool minus = *begin == '-';

	if (r < 0)
		return r;
	if (!n.real && !n.wide && (!minus || n.mantissa <= 1ull << 63)) {
		v->type = JSON_INT;
		v->negative = minus && n.mantissa;
		v->num = minus ? 0 - n.mantissa : n.mantissa;
		return 0;
	}
	v->type = JSON_REAL;
	if (!n.wide && exact_double(n.mantissa, n.exp, &v->real)) {
		v->real = minus ? -v->real : v->real;
		return 0;
	}
	r = to_double(begin, &v->real);
	if (r == -ERANGE)
		return bad_at(s, begin, "the number is too large for any type");
	return r < 0 ? err_num(s->err, r, "%s", s->name) : 0;
}

int json_scan_word(struct json_scan *s, struct json *v)
{
	static const struct {
		const char *text;
		uint8_t type, num;
	} words[] = {
		{ "true", JSON_BOOL, 1 },
		{ "false", JSON_BOOL, 0 },
		{ "null", JSON_NULL, 0 },
	};

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i].text);

		if (strncmp(s->at, words[i].text, n) == 0) {
			s->at += n;
			v->type = words[i].type;
			v->num = words[i].num;
			return 0;
		}
	}
	return json_scan_unexpected(s, "a value");
}
