// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_SCHEMA_H
#define STACK_CORE_MODEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/apply_class.h"

struct decoder;
struct node;
struct writer;

/*
 * Schema: the one table of attributes
 *
 * Each key that a stack file may have is a row of struct attribute in
 * schema_*.c.  The row says where the value lives in the model, how it is read
 * and written (its kind), how two files' values merge, what applying a change
 * of it takes, and what it is for.  Unknown keys, suggestions, merging,
 * defaults and the canonical output all come from these rows, so a new
 * attribute is a new row.
 */
enum merge_rule {
	MERGE_REPLACE, /* the later file's value */
	MERGE_APPEND,  /* lists one behind the other, equal texts once */
	MERGE_MAP,     /* by key; a list of "K=V" or of names counts as a mapping */
	MERGE_SCHEMA,  /* by key, each by its own row */
	MERGE_NAMED,   /* by name, each by the schema of the row */
};

struct attribute {
	const char *key;
	const struct kind *kind;
	size_t offset; /* of the field in what the schema describes */
	enum merge_rule merge;
	enum apply_class apply; /* of a change of it to a running container */
	const char *doc;
	const struct schema *schema; /* of what is below this key */
	int64_t absent;		     /* the field's value while nothing is said */
	int64_t min, max;	     /* bounds of a number; both 0: none */
	const char *sentence;	     /* what to tell about it: kinds refused and noted */
	const char *accepts;	     /* words between blanks that these take silently */
	bool twin;		     /* another row has the same field and writes it */
};

#define SCHEMA_OF(rows)                                                                            \
	{                                                                                          \
		.attributes = (rows), .n = sizeof(rows) / sizeof((rows)[0])                        \
	}

struct schema {
	const struct attribute *attributes;
	size_t n;
	bool closed; /* x-… keys are not taken either */
};

/* OBJECT is what the row's schema describes; the field is at attribute->offset in it. */
struct kind {
	void (*decode)(struct decoder *decoder, const struct attribute *attribute,
		       const struct node *node, void *object);
	/* Is there anything to write?  NULL: never, as EMIT. */
	bool (*present)(const struct attribute *attribute, const void *object);
	void (*emit)(struct writer *writer, const struct attribute *attribute, const void *object);
	const char *form; /* what it takes, for people */
};

#define SCHEMA_FIELD(type, object, attribute) ((type *)((char *)(object) + (attribute)->offset))
#define SCHEMA_VALUE(type, object, attribute)                                                      \
	(*(const type *)((const char *)(object) + (attribute)->offset))

/* Of struct project, draft_service, network and volume … */
extern const struct schema schema_project, schema_service, schema_network, schema_volume,
	schema_secret, schema_config;

/* … and of what is below services.<name>: the struct of the same name, or the service's. */
extern const struct schema schema_healthcheck, schema_deploy, schema_logging, schema_port,
	schema_mount, schema_device, schema_service_network, schema_dependency, schema_extends,
	schema_include, schema_build, schema_service_own, schema_file_reference, schema_hook,
	schema_blkio, schema_io_bytes, schema_io_operations, schema_develop, schema_attachment_own;

/* Rows without a field: what others know and we do not do, or do anyway. */
#define ATTRIBUTE_REFUSED(name, text)                                                              \
	{                                                                                          \
		.key = (name), .kind = &kind_refused, .sentence = (text), .doc = (text)            \
	}
#define ATTRIBUTE_NOTED(name, text)                                                                \
	{                                                                                          \
		.key = (name), .kind = &kind_noted, .sentence = (text), .doc = (text)              \
	}

/* The same, but written out again: FIELD is the object's list of those. */
#define ATTRIBUTE_KEPT(name, field, text)                                                          \
	{                                                                                          \
		.key = (name), .kind = &kind_kept, .offset = (field), .merge = MERGE_SCHEMA,       \
		.sentence = (text), .doc = (text)                                                  \
	}

/* Give all fields their `absent` value.  Strings and structs stay as they are. */
void schema_init(const struct schema *schema, void *object);

/* Read the mapping NODE into OBJECT; null is an empty one. */
void schema_decode(struct decoder *decoder, const struct schema *schema, const struct node *node,
		   void *object);

/* Write the keys of OBJECT that are present, in the order of the rows. */
void schema_emit(struct writer *writer, const struct schema *schema, const void *object);
bool schema_present(const struct schema *schema, const void *object);

/*
 * Write those keys of OBJECT whose class is in CLASSES, a bit for each enum
 * apply_class.  What is in groups is written as if there were none.
 */
void schema_emit_classes(struct writer *writer, const struct schema *schema, const void *object,
			 unsigned int classes);

/* NULL when there is no such key. */
const struct attribute *schema_find(const struct schema *schema, const char *key);

#endif
