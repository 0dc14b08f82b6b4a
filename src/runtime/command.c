/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bites: docker and podman read the exit code to give (126, 127) off our
 * words, so the sentences here are theirs; /etc/passwd is the image's and may
 * be a FIFO, a link to /dev/zero or a gigabyte (crun 2025-24965), so it is
 * opened without waiting or following, read up to a limit, and never an error.
 */
#include "runtime/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"

enum { PASSWD_MAX = 1 << 20, LINE_SIZE = 4096 };
static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *env_get(const struct spec *s, const char *name)
{
	size_t n = strlen(name);

	for (const char *const *e = s->env; e && *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

static int missing(const char *name, int code, bool searched, struct gantry_err *err)
{
	int r;

	if (code == ENOENT || code == ENOTDIR)
		r = err_num(err, -ENOENT, searched ? "executable file `%s` not found in $PATH"
						   : "executable file `%s` not found", name);
	else
		r = err_num(err, -code, "executable file `%s`", name);
	if (err)
		err->exit = r == -ENOENT ? 127 : 126;
	return r;
}

int command_failed(const char *name, struct gantry_err *err)
{
	int code = errno, r;

	if (code == ENOENT)
		/*
		 * it was found when the container was created: so it is what it names that is not
		 * there
		 */
		r = err_num(err, -code, "executable file `%s` or the interpreter that it names",
			    name);
	else
		r = err_num(err, -code, "executable file `%s`", name);
	if (err)
		err->exit = code == ENOENT ? 127 : 126;
	return r;
}

/* 0 it can be executed; else the errno that says why not. */
static int try_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) /* by path: inside the root and as the user, as execve will */
		return errno;
	/*
	 * What cannot be a program is EACCES, as execve has it; docker knows no other word for 126.
	 */
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0) /* by path: as above */
		return EACCES;
	return 0;
}

int command_find(const struct spec *s, struct command *c, struct gantry_err *err)
{
	const char *name = s->args[0], *path = env_get(s, "PATH");
	int worst = ENOENT;

	if (!*name)
		return missing(name, ENOENT, true, err);
	if (strlen(name) >= sizeof(c->path))
		return missing(name, ENAMETOOLONG, false, err);
	if (strchr(name, '/')) {
		int code = try_file(name);

		memcpy(c->path, name, strlen(name) + 1);
		return code ? missing(name, code, false, err) : 0;
	}
	for (path = path ? path : default_path; ; path++) {
		size_t n = strcspn(path, ":");
		int code;

		if (n + strlen(name) + 2 <= sizeof(c->path)) {
			/* an empty entry is the working directory */
			memcpy(c->path, n ? path : ".", n ? n : 1);
			c->path[n ? n : 1] = '/';
			memcpy(c->path + (n ? n : 1) + 1, name, strlen(name) + 1);
			code = try_file(c->path);
			if (!code)
				return 0;
			if (code == EACCES)
				worst = code;
		}
		path += n;
		if (!*path)
			return missing(name, worst, true, err);
	}
}

/*
 * "name:x:UID:gid:gecos:HOME:shell" for our uid: the home directory, cut off in place; else NULL.
 */
static char *home_in(char *line, __u32 uid)
{
	char *field[7] = { line };
	uint64_t n;

	for (int i = 1; i < 7; i++) {
		field[i] = strchr(field[i - 1], ':');
		if (!field[i])
			return NULL;
		*field[i]++ = '\0';
	}
	if (str_u64(field[2], &n) < 0 || n != uid || field[5][0] != '/')
		return NULL;
	return field[5];
}

/*
 * Reads lines of fd until one gives a home. Lines that are longer than the buffer are passed over.
 */
static bool scan_passwd(int fd, __u32 uid, char *ret, size_t size)
{
	char buf[LINE_SIZE];
	size_t have = 0, all = 0;
	bool skipping = false;

	for (;;) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - 1 - have);
		char *line = buf, *end;

		if (n < 0 || (n == 0 && !have) || (all += (size_t)n) > PASSWD_MAX)
			return false;
		have += (size_t)n;
		buf[have] = '\0';
		while ((end = memchr(line, '\n', have - (size_t)(line - buf))) || n == 0) {
			char *home;

			if (end)
				*end = '\0';
			home = skipping ? NULL : home_in(line, uid);
			if (home && strlen(home) < size) {
				memcpy(ret, home, strlen(home) + 1);
				return true;
			}
			skipping = false;
			if (!end)
				return false;
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		if (have == sizeof(buf) - 1) {
			have = 0;
			skipping = true;
		}
	}
}

static bool find_home(__u32 uid, char *ret, size_t size)
{
	clean_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	clean_fd int fd = -1;
	struct stat st;

	if (root < 0)
		return false;
	fd = inroot_open(root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return false;
	return scan_passwd(fd, uid, ret, size);
}

int command_env(const struct spec *s, struct command *c, struct gantry_err *err)
{
	static const char key[] = "HOME=";
	size_t n = 0;

	c->env = s->env;
	if (env_get(s, "HOME"))
		return 0;
	while (s->env && s->env[n])
		n++;
	c->env_made = calloc(n + 2, sizeof(*c->env_made));
	if (!c->env_made)
		return err_set(err, ENOMEM, "make the environment: out of memory");
	if (n)
		memcpy(c->env_made, s->env, n * sizeof(*c->env_made));
	memcpy(c->home, key, sizeof(key));
	if (!find_home(s->uid, c->home + strlen(key), sizeof(c->home) - strlen(key)))
		memcpy(c->home + strlen(key), "/", 2);
	c->env_made[n] = c->home;
	c->env = c->env_made;
	return 0;
}
