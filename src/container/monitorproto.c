/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between engine and monitor: whole structs on SOCK_SEQPACKET, so
 * that none can arrive in part. What bites: when the other end closes with
 * something of ours unread, ECONNRESET comes before what it had still sent;
 * it comes once, so reading goes on after it.
 */
#include "container/monitorproto.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clean.h"

#define CONTROL_FILE "control"

/* Room for one fd beside a message, aligned as cmsg wants it. */
union fd_room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int monitor_send(int sock, struct monitor_msg *m, int fd)
{
	struct iovec iov = { m, offsetof(struct monitor_msg, text) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_room room;
	ssize_t n;

	if (m->event == MONITOR_LOG)
		iov.iov_len += strnlen(m->text, sizeof(m->text));
	m->magic = MONITOR_MAGIC;
	if (fd >= 0) {
		struct cmsghdr *cm;

		memset(&room, 0, sizeof(room));
		h.msg_control = room.bytes;
		h.msg_controllen = sizeof(room.bytes);
		cm = CMSG_FIRSTHDR(&h);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &h, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int take_fd(struct msghdr *h)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(h);
	int fd = -1;

	if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS &&
	    cm->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(cm), sizeof(int));
	return fd;
}

int monitor_recv(int sock, struct monitor_msg *ret, int *ret_fd)
{
	struct monitor_msg m;
	struct iovec iov = { &m, sizeof(m) };
	union fd_room room;
	struct msghdr h = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes),
	};
	clean_fd int fd = -1;
	ssize_t n;

	do {
		n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	fd = take_fd(&h);
	if (n == 0)
		return 0;
	if ((size_t)n < offsetof(struct monitor_msg, text) || m.magic != MONITOR_MAGIC ||
	    h.msg_flags & MSG_TRUNC)
		return -EPROTO;
	n -= offsetof(struct monitor_msg, text);
	m.text[n < MONITOR_TEXT ? n : MONITOR_TEXT - 1] = '\0';
	m.err.msg[sizeof(m.err.msg) - 1] = '\0';
	m.exit.error[sizeof(m.exit.error) - 1] = '\0';
	*ret = m;
	if (ret_fd)
		*ret_fd = TAKE_FD(fd);
	return 1;
}

/* sun_path is short: the directory is named by its fd. */
static void control_address(int dirfd, struct sockaddr_un *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dirfd, CONTROL_FILE);
}

int monitor_listen(int dirfd)
{
	clean_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a;

	if (fd < 0)
		return -errno;
	control_address(dirfd, &a);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int monitor_connect(int dirfd)
{
	clean_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a;

	if (fd < 0)
		return -errno;
	control_address(dirfd, &a);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int monitor_ask(int sock, char request)
{
	ssize_t n;

	do {
		n = send(sock, &request, 1, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int monitor_asked(int sock)
{
	unsigned char b;
	ssize_t n;

	do {
		n = recv(sock, &b, 1, MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	return n == 0 ? 0 : b;
}
