/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiter and the child of spawn.h. Both share the host's memory
 * (CLONE_VM), so nothing here that runs in them may touch errno, the
 * allocator, stdio or a lock, call into libc, or be instrumented by a
 * sanitizer: RAW marks such functions, and they use nothing but inline
 * assembly and the block that the host mapped for them.
 *
 *   host --clone3(VM, FILES, no exit signal)--> waiter --clone3(VM, VFORK)--> child: execve
 *
 * FILES until the child is made, so that its pidfd lands in the host's table;
 * then the waiter drops all descriptors, tells the host by futex, waits, and
 * ends with the program's code. Its own end is seen through its pidfd alone.
 * The futex word is also its CLONE_CHILD_CLEARTID, so that a waiter that is
 * killed cannot leave the host asleep.
 */
#include "kernel/spawnraw.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clean.h"

#if defined(__has_attribute) && __has_attribute(disable_sanitizer_instrumentation)
#define RAW                                                       \
	__attribute__((no_sanitize("address", "thread", "undefined"), \
		       disable_sanitizer_instrumentation))
#else
#define RAW __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

enum { STACK = 16384, SIGNALS = 64 };

/* What rt_sigaction(2) takes; libc's own struct is laid out otherwise. */
struct kernel_sigaction {
	unsigned long handler, flags, restorer, mask;
};

struct whole {
	struct spawn_block b; /* first: handed out */
	struct clone_args outer, inner;
	struct kernel_sigaction standard; /* zero: SIG_DFL */
	unsigned long none;               /* an empty signal mask */
	int wait_status;
	unsigned char stacks[2][STACK] __attribute__((aligned(16)));
};

#if defined(__x86_64__)
static inline __attribute__((always_inline)) RAW long raw4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

/* clone3 with a stack of the child's own, on which it calls run(w) and never returns. */
static inline __attribute__((always_inline)) RAW long raw_clone(struct clone_args *args,
								void (*run)(struct whole *),
								struct whole *w)
{
	register void (*r8)(struct whole *) __asm__("r8") = run;
	register struct whole *r9 __asm__("r9") = w;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(__NR_clone3), "D"(args), "S"(sizeof(*args)), "r"(r8), "r"(r9)
			 : "rcx", "rdx", "r10", "r11", "cc", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline __attribute__((always_inline)) RAW long raw4(long nr, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

static inline __attribute__((always_inline)) RAW long raw_clone(struct clone_args *args,
								void (*run)(struct whole *),
								struct whole *w)
{
	register long x8 __asm__("x8") = __NR_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register void (*x9)(struct whole *) __asm__("x9") = run;
	register struct whole *x10 __asm__("x10") = w;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x9), "r"(x10)
			 : "cc", "memory");
	return x0;
}
#else
#error "spawnraw.c knows x86-64 and arm64 only"
#endif

#define raw3(nr, a, b, c) raw4(nr, (long)(a), (long)(b), (long)(c), 0)

static RAW __attribute__((noreturn)) void raw_exit(int code)
{
	for (;;)
		raw3(__NR_exit_group, code, 0, 0);
}

/* Gives up in the child. */
static RAW __attribute__((noreturn)) void child_fail(struct spawn_block *b, int step, long r)
{
	b->step = step;
	b->error = (int)-r;
	raw_exit(127);
}

/*
 * Puts the streams in place. What is still needed is first moved above the
 * targets, so that no order of dup calls can overwrite a source.
 */
static RAW void child_streams(struct spawn_block *b)
{
	long r;

	for (int i = 0; i < SPAWNRAW_FDS; i++) {
		if (b->fds[i] >= 0)
			r = raw3(__NR_fcntl, b->fds[i], F_DUPFD, SPAWNRAW_FDS);
		else if (i <= STDERR_FILENO)
			r = raw4(__NR_openat, AT_FDCWD, (long)"/dev/null", O_RDWR, 0);
		else
			continue;
		if (r >= 0 && r < SPAWNRAW_FDS) /* the caller had a low one free */
			r = raw3(__NR_fcntl, r, F_DUPFD, SPAWNRAW_FDS);
		if (r < 0)
			child_fail(b, SPAWN_STREAM, r);
		b->fds[i] = (int)r;
	}
	for (int i = 0; i < SPAWNRAW_FDS; i++) {
		if (b->fds[i] < 0) {
			raw3(__NR_close, i, 0, 0);
			continue;
		}
		r = raw3(__NR_dup3, b->fds[i], i, 0);
		if (r < 0)
			child_fail(b, SPAWN_STREAM, r);
	}
	r = raw3(__NR_close_range, SPAWNRAW_FDS, ~0U, 0);
	if (r < 0)
		child_fail(b, SPAWN_CLOSE, r);
}

static RAW void child_main(struct whole *w)
{
	struct spawn_block *b = &w->b;
	long r;

	/* A handler is reset by execve, but SIG_IGN is not; both before anything is unblocked. */
	for (int sig = 1; sig <= SIGNALS; sig++)
		raw4(__NR_rt_sigaction, sig, (long)&w->standard, 0, sizeof(w->none));
	raw3(__NR_setsid, 0, 0, 0);
	if (b->dir) {
		r = raw3(__NR_chdir, b->dir, 0, 0);
		if (r < 0)
			child_fail(b, SPAWN_DIR, r);
	}
	child_streams(b);
	raw4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&w->none, 0, sizeof(w->none));
	r = raw3(__NR_execve, b->path, b->argv, b->envp);
	child_fail(b, SPAWN_EXEC, r);
}

static RAW void waiter_reap(struct whole *w)
{
	long r;

	do {
		r = raw4(__NR_wait4, w->b.pid, (long)&w->wait_status, __WALL, 0);
	} while (r == -EINTR);
	if (r != w->b.pid)
		raw_exit(255);
}

static RAW void waiter_main(struct whole *w)
{
	struct spawn_block *b = &w->b;
	long r;
	int st;

	/*
	 * An ignored SIGCHLD, inherited from the host, would let the kernel reap the child
	 * unseen.
	 */
	raw4(__NR_rt_sigaction, SIGCHLD, (long)&w->standard, 0, sizeof(w->none));
	r = raw_clone(&w->inner, child_main, w);
	if (r < 0) {
		b->step = SPAWN_CLONE;
		b->error = (int)-r;
	} else {
		b->pid = (pid_t)r;
		if (b->error) {
			waiter_reap(w);
			raw3(__NR_close, b->pidfd, 0, 0);
		}
	}
	raw3(__NR_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE);
	__atomic_store_n(&b->done, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&b->alive, 2, __ATOMIC_RELEASE);
	raw3(__NR_futex, &b->alive, FUTEX_WAKE, 1);
	if (b->error || b->orphan)
		raw_exit(0);
	waiter_reap(w);
	st = w->wait_status;
	st = (st & 0x7f) ? 128 + (st & 0x7f) : (st >> 8) & 0xff;
	__atomic_store_n(&b->status, st, __ATOMIC_RELEASE);
	raw_exit(st);
}

struct spawn_block *spawnraw_new(void)
{
	struct whole *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (w == MAP_FAILED)
		return NULL;
	w->b.status = -1;
	w->b.pidfd = -1;
	w->b.alive = 1;
	return &w->b;
}

void spawnraw_free(struct spawn_block *b)
{
	if (b)
		munmap(b, sizeof(struct whole));
}

/* The kernel's own mask calls: libc's leave out the signals that it keeps for itself. */
static void mask_signals(const unsigned long *set, unsigned long *old)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, set, old, sizeof(*old));
}

int spawnraw_start(struct spawn_block *b)
{
	struct whole *w = (struct whole *)b;
	static const unsigned long all = ~0UL;
	unsigned long old = 0;
	int waiter = -1;
	long r;

	w->inner.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
	w->inner.pidfd = (uintptr_t)&b->pidfd;
	w->inner.stack = (uintptr_t)w->stacks[1];
	w->inner.stack_size = STACK;
	w->outer.flags = CLONE_VM | CLONE_FILES | CLONE_PIDFD | CLONE_CHILD_CLEARTID;
	w->outer.pidfd = (uintptr_t)&waiter;
	w->outer.child_tid = (uintptr_t)&b->alive;
	w->outer.stack = (uintptr_t)w->stacks[0];
	w->outer.stack_size = STACK;

	mask_signals(&all, &old);
	r = raw_clone(&w->outer, waiter_main, w);
	mask_signals(&old, NULL);
	if (r < 0)
		return (int)r;
	while (__atomic_load_n(&b->alive, __ATOMIC_ACQUIRE) == 1)
		syscall(SYS_futex, &b->alive, FUTEX_WAIT, 1, NULL, NULL, 0);
	return waiter;
}
