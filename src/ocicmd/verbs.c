/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs and their options: what is parsed, what --help prints, what is
 * refused by name. The command line is runc's, so that its clients may be ours.
 */
#include "ocicmd/request.h"

#define AT(field) offsetof(struct request, field)
#define END { NULL }

#define BUNDLE                                                                            \
	{ "bundle", 'b', OPTION_TEXT, AT(bundle), "DIR",                                  \
	  "the bundle's directory (default: the current one)" }
#define HOW_TO_CREATE                                                                     \
	BUNDLE,                                                                           \
	{ "pid-file", 0, OPTION_TEXT, AT(pid_file), "FILE",                               \
	  "write the pid of the container's first process there" },                       \
	{ "no-pivot", 0, OPTION_LATER, 0, NULL,                                           \
	  "enter the root filesystem without pivot_root" },                               \
	{ "no-new-keyring", 0, OPTION_FLAG, AT(no_new_keyring), NULL,                     \
	  "keep the caller's session keyring" },                                          \
	{ "console-socket", 0, OPTION_LATER_TEXT, 0, "SOCKET",                            \
	  "send the terminal there" },                                                    \
	{ "preserve-fds", 0, OPTION_LATER_TEXT, 0, "N", "hand N more descriptors on" }

const struct option global_options[] = {
	{ "root", 0, OPTION_TEXT, AT(root), "DIR",
	  "where the state of containers is kept (default: /run/gantry/oci)" },
	{ "log", 0, OPTION_TEXT, AT(log), "FILE", "write errors there too" },
	{ "log-format", 0, OPTION_TEXT, AT(log_format), "FORMAT", "text or json (default: text)" },
	{ "debug", 0, OPTION_FLAG, AT(debug), NULL, "log what is done" },
	{ "rootless", 0, OPTION_TEXT, AT(rootless), "WHEN",
	  "false or auto; true is not supported yet" },
	{ "systemd-cgroup", 0, OPTION_LATER, 0, NULL, "let systemd make the cgroup" },
	{ "criu", 0, OPTION_LATER_TEXT, 0, "PATH", "the criu program" },
	{ "version", 'v', OPTION_FLAG, AT(version), NULL, "print the version" },
	END,
};

static const struct option create_options[] = { HOW_TO_CREATE, END };

static const struct option run_options[] = {
	HOW_TO_CREATE,
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "return once it runs" },
	{ "keep", 0, OPTION_FLAG, AT(keep), NULL, "do not delete it when it has ended" },
	/* nothing to disable: init's orphans are its own in its pid namespace */
	{ "no-subreaper", 0, OPTION_FLAG, AT(no_subreaper), NULL, "accepted; there is none" },
	END,
};

static const struct option delete_options[] = {
	{ "force", 'f', OPTION_FLAG, AT(force), NULL,
	  "in any state, killing it; nothing is said when there is none" },
	END,
};

static const struct option kill_options[] = {
	{ "all", 'a', OPTION_FLAG, AT(all), NULL, "every process in it, not the first alone" },
	END,
};

static const struct option list_options[] = {
	{ "format", 'f', OPTION_TEXT, AT(format), "FORMAT", "table or json (default: table)" },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL, "ids alone" },
	END,
};

static const struct option spec_options[] = {
	BUNDLE,
	{ "rootless", 0, OPTION_LATER, 0, NULL, "for use without root" },
	END,
};

const struct verb verbs[] = {
	{ "spec", "", "write a config.json to start from", spec_options, 0, 0, verb_spec },
	{ "run", "ID", "create and start a container, and wait for its end", run_options, 1, 1,
	  verb_run },
	{ "create", "ID", "create a container; its command waits for start", create_options, 1, 1,
	  verb_create },
	{ "start", "ID", "let a created container run", NULL, 1, 1, verb_start },
	{ "state", "ID", "print the state of a container as JSON", NULL, 1, 1, verb_state },
	{ "kill", "ID [SIGNAL]", "send a signal (default: TERM)", kill_options, 1, 2, verb_kill },
	{ "delete", "ID", "remove a stopped container", delete_options, 1, 1, verb_delete },
	{ "list", "", "list the containers under --root", list_options, 0, 0, verb_list },
	{ "pause", "ID", "freeze every process in a container", NULL, 1, 1, verb_pause },
	{ "resume", "ID", "thaw a paused container", NULL, 1, 1, verb_resume },
	{ "features", "", "print what this runtime can do as JSON", NULL, 0, 0, verb_features },
	{ "exec", "ID COMMAND [ARG...]", "run another process in a container", NULL, 0, 0, NULL },
	{ "ps", "ID", "list the processes in a container", NULL, 0, 0, NULL },
	{ "events", "ID", "print events and statistics", NULL, 0, 0, NULL },
	{ "update", "ID", "change the limits of a container", NULL, 0, 0, NULL },
	{ "checkpoint", "ID", "freeze a container to disk", NULL, 0, 0, NULL },
	{ "restore", "ID", "bring a frozen container back", NULL, 0, 0, NULL },
	END,
};
