/* SPDX-License-Identifier: Apache-2.0 */
/* src/ocicmd/relay.c: bytes between our streams and a terminal; each test has its own streams. */
#include "ocicmd/relay.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A pty: its master, and in *ret_slave the other side. */
static int make_pty(int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	*ret_slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(*ret_slave, 0);
	return master;
}

static void set_raw(int fd)
{
	struct termios t;

	ck_assert_int_eq(tcgetattr(fd, &t), 0);
	cfmakeraw(&t);
	ck_assert_int_eq(tcsetattr(fd, TCSANOW, &t), 0);
}

/* Turns the loop until there was nothing to do for a moment. */
static void turn(struct relay *r)
{
	for (;;) {
		struct pollfd fds[RELAY_FDS];

		relay_wait(r, fds);
		if (poll(fds, RELAY_FDS, 50) <= 0)
			return;
		relay_move(r, fds);
	}
}

START_TEST(bytes_go_both_ways_unchanged)
{
	struct relay r = RELAY_INIT;
	struct gantry_err err;
	int in[2], out[2], slave, master = make_pty(&slave);
	char buf[256], all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	set_raw(slave);
	ck_assert(pipe(in) == 0 && pipe(out) == 0);
	dup2(in[0], 0);
	dup2(out[1], 1);
	ck_assert_int_eq(relay_open(&r, master, &err), 0);
	ck_assert(!r.raw); /* stdin is a pipe */
	ck_assert_int_eq(write(in[1], all, 256), 256);
	turn(&r);
	ck_assert_int_eq(read(slave, buf, 256), 256);
	ck_assert_int_eq(memcmp(buf, all, 256), 0);
	ck_assert_int_eq(write(slave, all, 256), 256);
	turn(&r);
	ck_assert_int_eq(read(out[0], buf, 256), 256);
	ck_assert_int_eq(memcmp(buf, all, 256), 0);
	/* the end of our input is no end of the terminal */
	close(in[1]);
	close(in[0]);
	turn(&r);
	ck_assert(r.in.closed && !r.out.closed);
	ck_assert_int_eq(write(slave, "last", 4), 4);
	close(slave);
	relay_drain(&r);
	ck_assert_int_eq(read(out[0], buf, 256), 4);
	relay_done(&r);
	ck_assert_int_eq(fcntl(master, F_GETFD), -1);
}
END_TEST

START_TEST(a_terminal_that_does_not_read_does_not_stop_its_output)
{
	struct relay r = RELAY_INIT;
	struct gantry_err err;
	int in[2], out[2], slave, master = make_pty(&slave);
	char much[4096], buf[16];

	memset(much, 'x', sizeof(much));
	set_raw(slave);
	ck_assert(pipe(in) == 0 && pipe(out) == 0);
	dup2(in[0], 0);
	dup2(out[1], 1);
	ck_assert_int_eq(relay_open(&r, master, &err), 0);
	for (int i = 0; i < 12; i++) /* more than the line discipline keeps */
		ck_assert_int_eq(write(in[1], much, sizeof(much)), sizeof(much));
	turn(&r);
	ck_assert_int_eq(write(slave, "still", 5), 5);
	turn(&r);
	ck_assert_int_eq(read(out[0], buf, sizeof(buf)), 5);
	relay_done(&r);
}
END_TEST

START_TEST(output_that_nobody_takes_goes_nowhere)
{
	struct relay r = RELAY_INIT;
	struct gantry_err err;
	int out[2], slave, master = make_pty(&slave);

	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(pipe(out), 0);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out[1], 1);
	close(out[0]);
	close(out[1]);
	ck_assert_int_eq(relay_open(&r, master, &err), 0);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(write(slave, "0123456789", 10), 10);
		turn(&r);
	}
	close(slave);
	relay_drain(&r);
	ck_assert(r.out.closed);
	relay_done(&r);
}
END_TEST

START_TEST(our_terminal_is_raw_meanwhile_and_put_back)
{
	struct relay r = RELAY_INIT;
	struct gantry_err err;
	struct winsize size = { 33, 77, 0, 0 };
	struct termios before, during, after;
	int ours, slave, other, master = make_pty(&slave), our_master = make_pty(&ours);

	ck_assert_int_eq(ioctl(our_master, TIOCSWINSZ, &size), 0);
	ck_assert_int_eq(tcgetattr(ours, &before), 0);
	dup2(ours, 0);
	ck_assert_int_eq(relay_open(&r, master, &err), 0);
	ck_assert_int_eq(tcgetattr(ours, &during), 0);
	ck_assert((before.c_lflag & ICANON) && !(during.c_lflag & (ICANON | ECHO | ISIG)));
	memset(&size, 0, sizeof(size));
	ck_assert_int_eq(ioctl(slave, TIOCGWINSZ, &size), 0);
	ck_assert(size.ws_row == 33 && size.ws_col == 77);
	size.ws_row = 12;
	ck_assert_int_eq(ioctl(our_master, TIOCSWINSZ, &size), 0);
	relay_resize(&r);
	ck_assert_int_eq(ioctl(slave, TIOCGWINSZ, &size), 0);
	ck_assert(size.ws_row == 12);
	/* not ours to change: others have this open too */
	other = fcntl(ours, F_GETFL);
	ck_assert(!(other & O_NONBLOCK));
	relay_done(&r);
	ck_assert_int_eq(tcgetattr(ours, &after), 0);
	ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
	relay_done(&r); /* twice is once */
}
END_TEST

Suite *relay_suite(void)
{
	Suite *s = suite_create("ocicmd/relay");
	TCase *t = tcase_create("relay");

	tcase_add_test(t, bytes_go_both_ways_unchanged);
	tcase_add_test(t, a_terminal_that_does_not_read_does_not_stop_its_output);
	tcase_add_test(t, output_that_nobody_takes_goes_nowhere);
	tcase_add_test(t, our_terminal_is_raw_meanwhile_and_put_back);
	suite_add_tcase(s, t);
	return s;
}
