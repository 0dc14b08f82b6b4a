/* SPDX-License-Identifier: Apache-2.0 */
/* A benchmark's report as JSON. The names are a promise: add, never rename. The unknown is null. */
#include "cmd/report.h"
#include "cmd/show.h"

static void host(struct json_out *json, const struct gantry_bench_host *h)
{
	json_obj(json, "host");
	show_text(json, "gantry", h->gantry);
	show_text(json, "os", h->os);
	show_text(json, "kernel", h->kernel);
	show_text(json, "machine", h->machine);
	show_text(json, "cpu", h->cpu);
	show_text(json, "cgroup", h->cgroup);
	show_text(json, "clock", h->clock);
	json_uint(json, "cpus", h->cpus);
	json_uint(json, "memory_bytes", h->mem_bytes);
	json_arr(json, "load_before");
	json_real(json, NULL, h->load1);
	json_real(json, NULL, h->load5);
	json_real(json, NULL, h->load15);
	json_end_arr(json);
	json_arr(json, "load_after");
	json_real(json, NULL, h->end_load1);
	json_real(json, NULL, h->end_load5);
	json_real(json, NULL, h->end_load15);
	json_end_arr(json);
	json_end_obj(json);
}

static void step(struct json_out *json, const struct gantry_bench_step *s)
{
	json_obj(json, NULL);
	json_str(json, "step", s->name);
	json_uint(json, "count", s->count);
	json_uint(json, "errors", s->errors);
	json_uint(json, "unsupported", s->unsupported);
	json_real(json, "min_us", s->min_us);
	json_real(json, "max_us", s->max_us);
	json_real(json, "mean_us", s->mean_us);
	json_real(json, "median_us", s->median_us);
	json_real(json, "p95_us", s->p95_us);
	json_real(json, "p99_us", s->p99_us);
	json_real(json, "stddev_us", s->stddev_us);
	show_text(json, "words", s->words);
	json_end_obj(json);
}

static void row(struct json_out *json, const struct gantry_bench_row *r)
{
	json_obj(json, NULL);
	json_str(json, "label", r->label);
	show_text(json, "type", r->type);
	show_text(json, "address", r->address);
	json_str(json, "kind", r->kind);
	show_text(json, "engine", r->engine);
	show_text(json, "version", r->version);
	show_text(json, "path", r->path);
	show_text(json, "error", r->words);
	json_uint(json, "threads", r->threads);
	json_uint(json, "failed_threads", r->failed_threads);
	json_uint(json, "iterations", r->iterations);
	json_uint(json, "warmup", r->warmup);
	json_uint(json, "gap_us", r->gap_us);
	json_uint(json, "completed", r->completed);
	json_uint(json, "failed", r->failed);
	json_real(json, "rate", r->rate);
	show_time(json, "started", r->started_ns);
	json_uint(json, "wall_ns", r->wall_ns);
	json_uint(json, "elapsed_ns", r->elapsed_ns);
	json_uint(json, "user_ns", r->user_ns);
	json_uint(json, "system_ns", r->system_ns);
	json_uint(json, "child_user_ns", r->child_user_ns);
	json_uint(json, "child_system_ns", r->child_system_ns);
	json_arr(json, "steps");
	for (size_t i = 0; i < r->n_steps; i++)
		step(json, r->steps[i]);
	json_end_arr(json);
	json_end_obj(json);
}

static void sample(struct json_out *json, const struct gantry_bench_sample *s)
{
	json_obj(json, NULL);
	json_uint(json, "row", s->row);
	json_uint(json, "thread", s->thread);
	json_uint(json, "iteration", s->iteration);
	json_uint(json, "position", s->position);
	json_str(json, "step", s->step);
	json_uint(json, "start_ns", s->start_ns);
	json_uint(json, "took_ns", s->took_ns);
	json_int(json, "errno", s->error);
	show_text(json, "error", s->words);
	json_end_obj(json);
}

void report_json(struct json_out *json, const struct gantry_bench_report *r, bool samples)
{
	json_obj(json, NULL);
	json_str(json, "name", r->name);
	show_text(json, "file", r->file);
	json_str(json, "state", gantry_bench_state_name(r->state));
	show_text(json, "image", r->image);
	show_text(json, "rootfs", r->rootfs);
	json_strv(json, "command", r->args);
	json_bool(json, "detached", r->detached);
	json_strv(json, "commands", r->commands);
	json_strv(json, "warnings", r->warnings);
	host(json, r->host);
	show_time(json, "started", r->started_ns);
	json_uint(json, "elapsed_ns", r->elapsed_ns);
	json_uint(json, "cleaned", r->cleaned);
	json_arr(json, "rows");
	for (size_t i = 0; i < r->n_rows; i++)
		row(json, r->rows[i]);
	json_end_arr(json);
	if (samples) {
		json_arr(json, "samples");
		for (size_t i = 0; i < r->n_samples; i++)
			sample(json, r->samples[i]);
		json_end_arr(json);
	}
	json_end_obj(json);
}
