/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the Docker Engine API. The version is what /_ping names, never a
 * constant of ours: docker 29 refuses all that is older than 1.44, and podman 4
 * knows nothing beyond 1.41.
 *
 * What bites: names and beginnings of ids are resolved by the daemon, in its
 * order, so they go into the URL as they are, and nothing that could end a
 * URL's path may pass.
 */
#include "engine/docker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"

static int request(struct docker *d, const struct docker_ask *a, const char *target, struct call *c)
{
	struct http *h = a->on ? a->on : &d->http;
	struct http_request rq = {
		.method = a->method, .target = target, .body = a->body, .body_len = a->body_len,
		.max = a->max ? a->max : DOCKER_BODY_MAX, .upgrade = a->upgrade,
		.lasting = a->lasting,
	};
	int r = a->head ? http_begin(h, &rq, c) : http_call(h, &rq, c);

	if (r >= 300)
		return docker_error(d, a, h, c);
	if (r >= 0 && r != a->takes)
		return err_set(c->err, EPROTO, "%s answers %s %.100s with %d",
			       d->podman ? "podman" : "docker", a->method, target, r);
	return r;
}

static int vrequest(struct docker *d, const struct docker_ask *a, const char *start,
		    const char *fmt, va_list ap, struct call *c)
{
	clean_str struct str target = { 0 };

	str_addf(&target, "/v1.%u%s", d->minor, start);
	str_vaddf(&target, fmt, ap);
	if (target.failed)
		return err_set(c->err, ENOMEM, "out of memory");
	return request(d, a, target.buf, c);
}

int docker_request(struct docker *d, const struct docker_ask *a, struct call *c, const char *fmt,
		   ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vrequest(d, a, "", fmt, ap, c);
	va_end(ap);
	return r;
}

int docker_post(struct docker *d, enum docker_about about, const char *id, struct call *c,
		const char *fmt, ...)
{
	const struct docker_ask a = { .about = about, .name = id, .method = "POST", .takes = 204 };
	char start[GANTRY_ID_SIZE + 16];
	va_list ap;
	int r = docker_check_id(id, c);

	if (r < 0)
		return r;
	snprintf(start, sizeof(start), "/containers/%s/", id);
	va_start(ap, fmt);
	r = vrequest(d, &a, start, fmt, ap, c);
	va_end(ap);
	return r;
}

int docker_check_id(const char *id, struct call *c)
{
	char shown[64];

	if (str_is_id(id))
		return 0;
	str_printable(shown, sizeof(shown), id);
	return err_set(c->err, ENOENT, "no container %s", shown);
}

/* What may stand in a URL's path as it is; the daemon judges the rest. */
int docker_check_image(const struct gantry_create *what, struct call *c)
{
	const char *ok = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:@";
	const char *i = what->image;
	char shown[80];

	if (!i)
		return err_set(c->err, EINVAL, "docker takes an image, not a %s",
			       what->rootfs ? "rootfs" : "bundle");
	str_printable(shown, sizeof(shown), i);
	if (!*i || strlen(i) > 512 || i[strspn(i, ok)] || strchr("./-:@", *i) || strstr(i, "..") ||
	    strstr(i, "//") || strstr(i, "/./"))
		return err_set(c->err, EINVAL, "\"%s\" is no image reference", shown);
	return 0;
}

/* "1.41": 41. 0 or -EINVAL. */
static int minor_of(const char *version, unsigned *ret)
{
	const char *minor = version ? str_after(version, "1.") : NULL;
	uint64_t n;

	if (!minor || str_u64(minor, &n) < 0 || n > 10000)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

/*
 * The newest version that both know. Asked by GET: HEAD is younger than the
 * oldest daemon.
 */
int docker_negotiate(struct docker *d, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_ENGINE, .name = "", .method = "GET", .takes = 200,
		.max = 64 << 10,
	};
	int r = request(d, &a, "/_ping", c);
	const char *version;
	char shown[32];

	if (r < 0)
		return r;
	version = http_header(&d->http, "Api-Version");
	if (!version && d->http.body.len == 2 && !memcmp(d->http.body.buf, "OK", 2))
		version = "1.24"; /* docker 1.12 does not say */
	d->podman = http_header(&d->http, "Libpod-Api-Version") != NULL;
	if (!version || minor_of(version, &d->minor) < 0) {
		str_printable(shown, sizeof(shown), version ? version : "none");
		return err_set(c->err, EPROTO,
			       "%s answers, but names no version of the Docker API (%s)",
			       d->head.path, shown);
	}
	if (d->minor < DOCKER_OLDEST)
		return err_set(c->err, EPROTO,
			       "%s speaks Docker API 1.%u; gantry needs 1.%d or newer",
			       d->head.path, d->minor, DOCKER_OLDEST);
	if (d->minor > DOCKER_OURS)
		d->minor = DOCKER_OURS;
	return 0;
}
