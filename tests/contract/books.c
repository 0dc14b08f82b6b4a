/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine knows of its containers: names, labels, owners, lists, and who may clean what. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (!strcmp(*list, text))
			return true;
	return false;
}

START_TEST(labels_and_owner_are_kept)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	clean_container struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE], own[128];
	int owners = 0;

	w.labels = LIST("zz=last", "a.b/c=x=y", "empty=");
	OK(gantry_container_create(engine, &w, id, &op));
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert(has(c->labels, "zz=last"));
	ck_assert(has(c->labels, "a.b/c=x=y"));
	ck_assert(has(c->labels, "empty="));
	snprintf(own, sizeof(own), "io.gantry.owner=%s", getenv("GANTRY_CONTRACT_OWNER"));
	ck_assert(has(c->labels, own));
	ck_assert_str_eq(c->owner, getenv("GANTRY_CONTRACT_OWNER"));
	for (const char *const *l = c->labels; *l; l++) {
		owners += !strncmp(*l, "io.gantry.owner=", 16);
		if (l[1])
			ck_assert_int_lt(strcmp(l[0], l[1]), 0);
	}
	ck_assert_int_eq(owners, 1);
	drop(id);
}
END_TEST

START_TEST(a_container_is_found_by_id_name_and_beginning)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	clean_container struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE], part[GANTRY_ID_SIZE];

	w.name = fresh_name("found");
	OK(gantry_container_create(engine, &w, id, &op));
	OK(gantry_container_get(engine, w.name, &c, &op));
	ck_assert_str_eq(c->id, id);
	ck_assert_str_eq(c->name, w.name);
	gantry_container_freep(&c);
	snprintf(part, sizeof(part), "%.*s", (int)strlen(id) - 1, id);
	OK(gantry_container_get(engine, part, &c, &op));
	ck_assert_str_eq(c->id, id);
	OK(gantry_container_start(engine, part, &op));
	OK(gantry_container_delete(engine, w.name, GANTRY_DELETE_FORCE, &op));
}
END_TEST

START_TEST(a_nameless_container_gets_a_name)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	clean_container struct gantry_container *a = NULL, *b = NULL;
	char first[GANTRY_ID_SIZE], second[GANTRY_ID_SIZE];

	OK(gantry_container_create(engine, &w, first, &op));
	OK(gantry_container_create(engine, &w, second, &op));
	OK(gantry_container_get(engine, first, &a, &op));
	OK(gantry_container_get(engine, second, &b, &op));
	ck_assert_str_ne(a->id, b->id);
	ck_assert_str_ne(a->name, "");
	ck_assert_str_ne(a->name, b->name);
	drop(first);
	drop(second);
}
END_TEST

START_TEST(the_description_says_what_was_asked_for)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	clean_container struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE];

	OK(gantry_container_create(engine, &w, id, &op));
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_str_eq(c->args[0], "sleep");
	ck_assert_str_eq(c->args[1], "1000");
	ck_assert_ptr_null(c->args[2]);
	if (w.image)
		ck_assert_str_eq(c->image, w.image);
	else
		ck_assert_str_eq(c->rootfs, w.rootfs);
	drop(id);
}
END_TEST

/* The place of `id` in a list, or -1. */
static int place(struct gantry_container **list, const char *id)
{
	for (int i = 0; list[i]; i++)
		if (!strcmp(list[i]->id, id))
			return i;
	return -1;
}

START_TEST(a_list_has_every_state_newest_first)
{
	clean_list struct gantry_container **list = NULL;
	char first[GANTRY_ID_SIZE], second[GANTRY_ID_SIZE], third[GANTRY_ID_SIZE];
	int n, a, b, c, gap = is_kind("docker") ? 1100 : 5; /* docker lists whole seconds */

	NEEDS("list");
	run_sleeper(first);
	OK(gantry_container_kill(engine, first, 9, 0, &op));
	wait_for(first);
	sleep_ms(gap);
	run_sleeper(second);
	sleep_ms(gap);
	create_only(LIST("sleep", "1000"), third);
	n = gantry_container_list(engine, &list, &op);
	ck_assert_int_ge(n, 3);
	ck_assert_ptr_null(list[n]);
	a = place(list, first);
	b = place(list, second);
	c = place(list, third);
	ck_assert(c >= 0 && c < b && b < a);
	ck_assert_int_eq(list[a]->state, GANTRY_STATE_STOPPED);
	ck_assert_int_eq(list[b]->state, GANTRY_STATE_RUNNING);
	ck_assert_int_eq(list[c]->state, GANTRY_STATE_CREATED);
	for (int i = 1; i < n; i++)
		ck_assert_uint_ge(list[i - 1]->created_ns, list[i]->created_ns);
	ck_assert_str_eq(list[a]->owner, getenv("GANTRY_CONTRACT_OWNER"));
}
END_TEST

START_TEST(list_and_get_agree)
{
	clean_list struct gantry_container **list = NULL;
	clean_container struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE];
	int i;

	NEEDS("list");
	run_sleeper(id);
	OK(gantry_container_list(engine, &list, &op));
	OK(gantry_container_get(engine, id, &c, &op));
	i = place(list, id);
	ck_assert_int_ge(i, 0);
	ck_assert_str_eq(list[i]->name, c->name);
	ck_assert_str_eq(list[i]->image, c->image);
	ck_assert_int_eq(list[i]->state, c->state);
	ck_assert_str_eq(list[i]->owner, c->owner);
	drop(id);
	gantry_container_list_freep(&list);
	OK(gantry_container_list(engine, &list, &op));
	ck_assert_int_eq(place(list, id), -1);
}
END_TEST

START_TEST(clean_removes_ours_in_every_state)
{
	char created[GANTRY_ID_SIZE], running[GANTRY_ID_SIZE], stopped[GANTRY_ID_SIZE],
		paused[GANTRY_ID_SIZE];
	struct leftovers before;
	int n = 3;

	NEEDS("clean");
	OK(gantry_engine_clean(engine, &op));
	before = count_leftovers();
	create_only(LIST("sleep", "1000"), created);
	run_sleeper(running);
	run_sleeper(stopped);
	OK(gantry_container_kill(engine, stopped, 9, 0, &op));
	wait_for(stopped);
	if (gantry_engine_can(engine, "pause") == 1) {
		run_sleeper(paused);
		OK(gantry_container_pause(engine, paused, &op));
		n++;
	}
	ck_assert_int_eq(gantry_engine_clean(engine, &op), n);
	same_leftovers(before);
	ck_assert_int_eq(gantry_engine_clean(engine, &op), 0);
}
END_TEST

START_TEST(clean_leaves_what_others_own)
{
	clean_engine struct gantry_engine *other = NULL;
	struct gantry_create w = what(LIST("sleep", "1000"));
	char theirs[GANTRY_ID_SIZE], ours[GANTRY_ID_SIZE];

	NEEDS("clean");
	NEEDS_PROGRAMS; /* null's containers live in the handle: nobody else has any there */
	other = open_again("somebody-else");
	OK(gantry_container_run(other, &w, NULL, theirs, NULL, &op));
	run_sleeper(ours);
	ck_assert_int_eq(gantry_engine_clean(engine, &op), 1);
	ck_assert_int_eq(state_of(theirs), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(gantry_engine_clean(other, &op), 1);
}
END_TEST

/* Made with the engine's own command, before the suite began, by run.sh. */
START_TEST(clean_leaves_what_gantry_did_not_make)
{
	const char *foreign = getenv("GANTRY_CONTRACT_FOREIGN");
	clean_container struct gantry_container *c = NULL;

	if (!foreign || !*foreign)
		NOT_APPLICABLE("no foreign container is given");
	OK(gantry_engine_clean(engine, &op));
	OK(gantry_container_get(engine, foreign, &c, &op));
	ck_assert_str_eq(c->owner, "");
	ck_assert_int_eq(c->state, GANTRY_STATE_RUNNING);
}
END_TEST

START_TEST(what_an_engine_can_is_true)
{
	clean_list struct gantry_container **list = NULL;
	__attribute__((cleanup(gantry_info_freep))) struct gantry_info *i = NULL;

	for (const char *const *v = gantry_engine_verbs(); *v; v++)
		ck_assert_int_ge(gantry_engine_can(engine, *v), 0);
	ck_assert_int_eq(gantry_engine_can(engine, "info"),
			 gantry_engine_info(engine, &i, &op) == 0);
	ck_assert_int_eq(gantry_engine_can(engine, "list"),
			 gantry_container_list(engine, &list, &op) >= 0);
}
END_TEST

static int records;

static void count_record(const struct gantry_log *rec, void *arg)
{
	ck_assert_str_eq(rec->engine, (const char *)arg);
	ck_assert_ptr_nonnull(rec->step);
	ck_assert_ptr_nonnull(rec->text);
	records++;
}

START_TEST(at_debug_level_the_log_shows_what_was_asked)
{
	struct gantry_engine_options o = suite_options();
	clean_engine struct gantry_engine *e = NULL;
	char kind[32];

	NEEDS_PROGRAMS; /* null asks nobody */
	snprintf(kind, sizeof(kind), "%s", gantry_engine_kind(engine));
	o.log = count_record;
	o.log_arg = kind;
	o.log_level = GANTRY_LOG_DEBUG;
	OK(gantry_engine_open(getenv("GANTRY_CONTRACT_ENGINE"), &o, &e, &op));
	{
		struct gantry_create w = what(LIST("true"));
		struct gantry_run how = GANTRY_RUN_INIT;

		w.flags = GANTRY_CREATE_AUTO_REMOVE;
		OK(gantry_container_run(e, &w, &how, NULL, NULL, &op));
	}
	ck_assert_int_gt(records, 0);
}
END_TEST

TCase *book_tests(void)
{
	TCase *t = tcase_create("books");

	tcase_add_test(t, labels_and_owner_are_kept);
	tcase_add_test(t, a_container_is_found_by_id_name_and_beginning);
	tcase_add_test(t, a_nameless_container_gets_a_name);
	tcase_add_test(t, the_description_says_what_was_asked_for);
	tcase_add_test(t, a_list_has_every_state_newest_first);
	tcase_add_test(t, list_and_get_agree);
	tcase_add_test(t, clean_removes_ours_in_every_state);
	tcase_add_test(t, clean_leaves_what_others_own);
	tcase_add_test(t, clean_leaves_what_gantry_did_not_make);
	tcase_add_test(t, what_an_engine_can_is_true);
	tcase_add_test(t, at_debug_level_the_log_shows_what_was_asked);
	return t;
}
