/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's parser, loaded when the first YAML document is read. */
#pragma once
#include <gantry/base.h>
#include <yaml.h>

#define LIBYAML_SONAME "libyaml-0.so.2"

struct libyaml {
	void *so;
	int (*initialize)(yaml_parser_t *parser);
	void (*finish)(yaml_parser_t *parser);
	void (*set_input)(yaml_parser_t *parser, const unsigned char *text, size_t len);
	void (*set_encoding)(yaml_parser_t *parser, yaml_encoding_t encoding);
	int (*parse)(yaml_parser_t *parser, yaml_event_t *event);
	void (*event_free)(yaml_event_t *event);
};

/* Loads `soname` (LIBYAML_SONAME but in tests). 0, or -ENOTSUP and words with the package. */
int libyaml_load(struct libyaml *y, const char *soname, struct gantry_err *err);
/* Unloads; a zeroed one is fine. */
void libyaml_done(struct libyaml *y);
#define clean_libyaml __attribute__((cleanup(libyaml_done)))
