/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules. The kernel's v1 controller is the model (security/device_cgroup.c
 * as documented in its cgroup-v1/devices.rst): "a" resets to all or nothing; a
 * rule against the current default makes or widens an exception, one for the
 * default takes from the exception with exactly the same numbers. A request is
 * answered by one exception alone: when all is closed, one that grants all of
 * it; when all is open, one that touches any of it.
 */
#include "kernel/devices.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"

enum { MAX_EXCEPTIONS = 256 };

void device_set_done(struct device_set *s)
{
	free(s->except);
	s->except = NULL;
	s->n = s->size = 0;
}

static int add_exception(struct device_set *s, const struct device_rule *r)
{
	if (s->n == s->size) {
		size_t size = s->size ? s->size * 2 : 32;
		struct device_rule *p = reallocarray(s->except, size, sizeof(*p));

		if (!p)
			return -ENOMEM;
		s->except = p;
		s->size = size;
	}
	s->except[s->n++] = *r;
	return 0;
}

static int add_typed(struct device_set *s, const struct device_rule *r)
{
	for (size_t i = 0; i < s->n; i++) {
		struct device_rule *e = &s->except[i];

		if (e->type != r->type || e->major != r->major || e->minor != r->minor)
			continue;
		if (r->allow != s->open) {
			e->access |= r->access;
			return 0;
		}
		e->access &= ~r->access;
		if (!e->access)
			*e = s->except[--s->n];
		return 0;
	}
	return r->allow != s->open ? add_exception(s, r) : 0;
}

int device_set_add(struct device_set *s, const struct device_rule *r)
{
	struct device_rule typed = *r;
	int ret;

	if (r->type != 'a')
		return add_typed(s, r);
	if (r->major < 0 && r->minor < 0 && r->access == DEVICE_ALL) {
		s->open = r->allow;
		s->n = 0;
		return 0;
	}
	typed.type = 'b';
	ret = add_typed(s, &typed);
	typed.type = 'c';
	return ret < 0 ? ret : add_typed(s, &typed);
}

bool device_set_allows(const struct device_set *s, char type, int64_t major, int64_t minor,
		       unsigned access)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct device_rule *e = &s->except[i];

		if (e->type != type || (e->major >= 0 && e->major != major) ||
		    (e->minor >= 0 && e->minor != minor))
			continue;
		if (s->open ? access & e->access : !(access & ~e->access))
			return !s->open;
	}
	return s->open;
}

/* "c 1:3 rwm" */
static void rule_text(const struct device_rule *r, char *buf, size_t size)
{
	char major[24] = "*", minor[24] = "*";

	if (r->major >= 0)
		snprintf(major, sizeof(major), "%lld", (long long)r->major);
	if (r->minor >= 0)
		snprintf(minor, sizeof(minor), "%lld", (long long)r->minor);
	snprintf(buf, size, "%c %s:%s %s%s%s", r->type, major, minor,
		 r->access & DEVICE_READ ? "r" : "", r->access & DEVICE_WRITE ? "w" : "",
		 r->access & DEVICE_MKNOD ? "m" : "");
}

static int apply_v1(int dir, const struct device_set *s, struct gantry_err *err)
{
	const char *file = s->open ? "devices.deny" : "devices.allow";
	char text[80];
	int r = fd_poke(dir, s->open ? "devices.allow" : "devices.deny", "a");

	if (r < 0)
		return err_num(err, r, "set the device rules of the cgroup");
	for (size_t i = 0; i < s->n; i++) {
		rule_text(&s->except[i], text, sizeof(text));
		r = fd_poke(dir, file, text);
		if (r < 0)
			return err_num(err, r, "write `%s` to %s", text, file);
	}
	return 0;
}

/* Registers of the program: the context's three words, and the requested access. */
enum {
	R_TYPE = BPF_REG_2,
	R_ACCESS = BPF_REG_3,
	R_MAJOR = BPF_REG_4,
	R_MINOR = BPF_REG_5,
	R_TMP = BPF_REG_1
};

struct prog {
	struct bpf_insn *insn;
	size_t n;
};

static void emit(struct prog *p, unsigned code, unsigned dst, unsigned src, int off, int imm)
{
	p->insn[p->n++] = (struct bpf_insn){ .code = (__u8)code,
					     .dst_reg = dst & 15,
					     .src_reg = src & 15,
					     .off = (__s16)off,
					     .imm = imm };
}

static void emit_return(struct prog *p, int value)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps over what follows; the distance is filled in by the caller once it is known. */
static void emit_skip(struct prog *p, unsigned op, unsigned reg, int imm)
{
	emit(p, BPF_JMP32 | op | BPF_K, reg, 0, 0, imm);
}

enum { EXCEPTION_INSNS = 8, FRAME_INSNS = 8 };

static void emit_exception(struct prog *p, const struct device_rule *r, bool open)
{
	size_t first = p->n;

	emit_skip(p, BPF_JNE, R_TYPE, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (r->major >= 0)
		emit_skip(p, BPF_JNE, R_MAJOR, (int)r->major);
	if (r->minor >= 0)
		emit_skip(p, BPF_JNE, R_MINOR, (int)r->minor);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, R_TMP, R_ACCESS, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, R_TMP, 0, 0,
	     (int)(open ? r->access : ~r->access & DEVICE_ALL));
	emit_skip(p, open ? BPF_JEQ : BPF_JNE, R_TMP, 0);
	emit_return(p, !open);
	for (size_t i = first; i < p->n; i++)
		if (BPF_CLASS(p->insn[i].code) == BPF_JMP32)
			p->insn[i].off = (__s16)(p->n - i - 1);
}

/* The kernel's bits of access differ from ours in order: mknod 1, read 2, write 4. */
static unsigned kernel_access(unsigned access)
{
	return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
	       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
	       (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);
}

static void emit_all(struct prog *p, const struct device_set *s)
{
	/* ctx: access_type = access << 16 | type, major, minor */
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, BPF_REG_1,
	     offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, BPF_REG_1,
	     offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, BPF_REG_1,
	     offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	emit(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	for (size_t i = 0; i < s->n; i++) {
		struct device_rule r = s->except[i];

		r.access = kernel_access(r.access);
		emit_exception(p, &r, s->open);
	}
	emit_return(p, s->open);
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load(const struct device_set *s)
{
	clean_free struct bpf_insn *insn =
		calloc(s->n * EXCEPTION_INSNS + FRAME_INSNS, sizeof(*insn));
	struct prog p = { insn, 0 };
	union bpf_attr attr;
	long fd;

	if (!insn)
		return -ENOMEM;
	emit_all(&p, s);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)insn;
	attr.insn_cnt = (__u32)p.n;
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	memcpy(attr.prog_name, "gantry_devices", sizeof("gantry_devices"));
	fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -errno : (int)fd;
}

static int apply_v2(int dir, const struct device_set *s, struct gantry_err *err)
{
	clean_fd int prog = -1;
	union bpf_attr attr;

	if (s->n > MAX_EXCEPTIONS)
		return err_set(err, E2BIG, "more than %d device rules", MAX_EXCEPTIONS);
	prog = load(s);
	if (prog < 0)
		return err_num(err, prog, "load the BPF program of the device rules");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)dir;
	attr.attach_bpf_fd = (__u32)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return err_sys(err, "attach the BPF program of the device rules");
	return 0;
}

int devices_apply(const struct cgroup *c, const struct device_set *s, struct gantry_err *err)
{
	int i = cgroup_carrier(c, CGROUP_DEVICES);

	if (i >= 0)
		return apply_v1(c->h[i].dir, s, err);
	if (s->open && !s->n)
		return 0;
	if (c->unified < 0)
		return err_set(err, ENODEV, "this host has no devices cgroup controller");
	return apply_v2(c->h[c->unified].dir, s, err);
}
