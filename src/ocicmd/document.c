/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that print documents: spec, features. What features says comes from the
 * parser's own tables: what is named there is what create understands.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/build.h"
#include "oci/spec.h"
#include "ocicmd/report.h"

/* Never over a file that is there: it may be somebody's work. */
int verb_spec(struct request *q)
{
	const char *dir = q->bundle && *q->bundle ? q->bundle : ".";
	clean_fd int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	clean_fd int fd = -1;
	clean_free char *text = NULL;
	size_t len;
	int r;

	if (at < 0)
		return err_sys(q->err, "bundle %s", dir);
	r = build_default_spec(&text, &len, q->err);
	if (r < 0)
		return r;
	fd = openat(at, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return err_set(q->err, EEXIST, "config.json is there already: remove it first");
	if (fd < 0)
		return err_sys(q->err, "write config.json");
	r = fd_write(fd, text, len);
	if (r == 0)
		r = fd_write(fd, "\n", 1);
	if (r < 0)
		(void)unlinkat(at, "config.json", 0);
	return r < 0 ? err_num(q->err, r, "write config.json") : 0;
}

static void put_switch(struct json_out *o, const char *name, bool on)
{
	json_obj(o, name);
	json_bool(o, "enabled", on);
	json_end_obj(o);
}

static void put_linux(struct json_out *o)
{
	json_obj(o, "linux");
	json_strv(o, "namespaces", spec_namespace_names);
	json_arr(o, "capabilities");
	for (int i = 0; spec_cap_name(i); i++)
		json_str(o, NULL, spec_cap_name(i));
	json_end_arr(o);
	json_obj(o, "cgroup");
	json_bool(o, "v1", true);
	json_bool(o, "v2", true);
	json_bool(o, "systemd", false);
	json_bool(o, "systemdUser", false);
	json_bool(o, "rdma", false);
	json_end_obj(o);
	put_switch(o, "seccomp", false);
	put_switch(o, "apparmor", false);
	put_switch(o, "selinux", false);
	put_switch(o, "intelRdt", false);
	json_obj(o, "mountExtensions");
	put_switch(o, "idmap", false);
	json_end_obj(o);
	json_end_obj(o);
}

int verb_features(struct request *q)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	struct str out = { 0 };
	char *text = NULL;
	size_t len;
	int r;

	o.pretty = true;
	json_obj(&o, NULL);
	json_str(&o, "ociVersionMin", "1.0.0");
	json_str(&o, "ociVersionMax", "1.2.0");
	json_strv(&o, "hooks", NULL);
	json_strv(&o, "mountOptions", spec_mount_options());
	put_linux(&o);
	json_obj(&o, "annotations");
	json_str(&o, "io.gantry.gantry-oci.version", gantry_version());
	json_end_obj(&o);
	json_end_obj(&o);
	r = json_out_take(&o, &text, &len);
	if (r < 0)
		return err_num(q->err, r, "write JSON");
	str_addn(&out, text, len);
	str_add(&out, "\n");
	free(text);
	return report_data(q, &out);
}
