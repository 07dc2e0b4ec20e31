// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/spec.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <errno.h>
#include <string.h>

/*
 * One table drives both directions.  A field belongs to the spec itself or to
 * one of its arrays of structs; the element index of the encoding counts the
 * strings of a list or the elements of such an array, always upwards from 0
 * without a gap, so that a first pass over the data can count what the second
 * one stores.  Numbers are stable: a shim reads what an older supervisor wrote.
 */
enum kind { STRING, STRINGS, U32, U64, BLOB };
enum owner { SPEC, MOUNT, RLIMIT, DEVICE, N_OWNERS };

struct field {
	uint16_t id;
	uint8_t kind;
	uint8_t owner;
	uint16_t offset;
	uint16_t len_offset; /* BLOB: where its u32 length is */
};

#define SPEC_FIELD(id, kind, member)                                                               \
	{                                                                                          \
		id, kind, SPEC, offsetof(struct container_spec, member), 0                         \
	}
#define MOUNT_FIELD(id, kind, member)                                                              \
	{                                                                                          \
		id, kind, MOUNT, offsetof(struct spec_mount, member), 0                            \
	}
#define RLIMIT_FIELD(id, kind, member)                                                             \
	{                                                                                          \
		id, kind, RLIMIT, offsetof(struct spec_rlimit, member), 0                          \
	}
#define DEVICE_FIELD(id, kind, member)                                                             \
	{                                                                                          \
		id, kind, DEVICE, offsetof(struct spec_device, member), 0                          \
	}

static const struct field fields[] = {
	SPEC_FIELD(1, STRING, name),
	SPEC_FIELD(2, STRINGS, argv),
	SPEC_FIELD(3, STRINGS, envp),
	SPEC_FIELD(4, STRING, cwd),
	SPEC_FIELD(5, STRING, hostname),
	SPEC_FIELD(6, STRING, domainname),
	SPEC_FIELD(7, STRING, user),
	SPEC_FIELD(8, STRINGS, groups),
	SPEC_FIELD(9, STRING, layers_dir),
	SPEC_FIELD(10, STRINGS, lowers),
	SPEC_FIELD(11, STRING, upper),
	SPEC_FIELD(12, STRING, work),
	SPEC_FIELD(13, U32, read_only),
	SPEC_FIELD(14, U64, shm_size),
	SPEC_FIELD(15, STRING, netns),
	SPEC_FIELD(16, STRINGS, cgroups),
	SPEC_FIELD(17, STRING, cgroup_unified),
	SPEC_FIELD(18, STRING, cgroup_memory),
	SPEC_FIELD(19, U64, capabilities),
	SPEC_FIELD(20, U32, no_new_privs),
	SPEC_FIELD(21, U32, privileged),
	{22, BLOB, SPEC, offsetof(struct container_spec, seccomp),
	 offsetof(struct container_spec, seccomp_len)},
	SPEC_FIELD(23, STRINGS, sysctls),
	SPEC_FIELD(24, U32, oom_score_adj),
	SPEC_FIELD(25, U32, init),
	SPEC_FIELD(26, U32, tty),
	SPEC_FIELD(27, U32, stdin_open),
	SPEC_FIELD(28, STRING, log_path),
	SPEC_FIELD(29, U64, log_max_size),
	SPEC_FIELD(30, U32, log_max_files),
	SPEC_FIELD(31, U32, id_host),
	SPEC_FIELD(32, U32, id_count),
	SPEC_FIELD(33, STRING, apparmor),
	SPEC_FIELD(34, U32, shared_net),
	SPEC_FIELD(35, STRING, pid_container),
	SPEC_FIELD(36, U32, host_namespaces),
	SPEC_FIELD(37, U32, keep),
	MOUNT_FIELD(64, U32, type),
	MOUNT_FIELD(65, STRING, source),
	MOUNT_FIELD(66, STRING, target),
	MOUNT_FIELD(67, STRING, data),
	MOUNT_FIELD(68, U32, flags),
	MOUNT_FIELD(69, U32, propagation),
	MOUNT_FIELD(70, U32, nocopy),
	MOUNT_FIELD(71, U32, managed),
	RLIMIT_FIELD(96, U32, resource),
	RLIMIT_FIELD(97, U64, soft),
	RLIMIT_FIELD(98, U64, hard),
	DEVICE_FIELD(112, STRING, path),
	DEVICE_FIELD(113, U32, mode),
	DEVICE_FIELD(114, U32, major_number),
	DEVICE_FIELD(115, U32, minor_number),
	DEVICE_FIELD(116, U32, uid),
	DEVICE_FIELD(117, U32, gid),
};

/* The arrays of structs: where their pointer and their count are in the spec. */
static const struct {
	size_t size, array, count;
} owners[N_OWNERS] = {
	[MOUNT] = {sizeof(struct spec_mount), offsetof(struct container_spec, mounts),
		   offsetof(struct container_spec, n_mounts)},
	[RLIMIT] = {sizeof(struct spec_rlimit), offsetof(struct container_spec, rlimits),
		    offsetof(struct container_spec, n_rlimits)},
	[DEVICE] = {sizeof(struct spec_device), offsetof(struct container_spec, devices),
		    offsetof(struct container_spec, n_devices)},
};

struct header {
	uint16_t id, index;
	uint32_t len;
};

#define AT(base, offset) ((void *)((char *)(base) + (offset)))

/* Where the encoding goes; without data it only counts. */
struct writer {
	char *data;
	size_t len;
	bool overflow;
};

static void append(struct writer *out, const void *data, size_t len)
{
	if (out->data)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

static void put(struct writer *out, uint16_t id, size_t index, const void *data, size_t len)
{
	const struct header header = {id, (uint16_t)index, (uint32_t)len};

	if (index > UINT16_MAX || len > UINT32_MAX) {
		out->overflow = true;
		return;
	}
	append(out, &header, sizeof(header));
	append(out, data, len);
}

static void put_field(struct writer *out, const struct field *field, const void *base, size_t index)
{
	const void *value = (const char *)base + field->offset;
	const char *const *text = value;
	spec_strings strings;
	uint32_t len;

	switch (field->kind) {
	case STRING:
		if (*text)
			put(out, field->id, index, *text, strlen(*text) + 1);
		break;
	case STRINGS:
		memcpy(&strings, value, sizeof(strings));
		for (size_t i = 0; strings && strings[i]; i++)
			put(out, field->id, i, strings[i], strlen(strings[i]) + 1);
		break;
	case U32:
		put(out, field->id, index, value, sizeof(uint32_t));
		break;
	case U64:
		put(out, field->id, index, value, sizeof(uint64_t));
		break;
	case BLOB:
		memcpy(&len, (const char *)base + field->len_offset, sizeof(len));
		if (len)
			put(out, field->id, index, *text, len);
		break;
	}
}

static void put_spec(struct writer *out, const struct container_spec *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].owner == SPEC)
			put_field(out, &fields[i], spec, 0);
	for (size_t owner = SPEC + 1; owner < N_OWNERS; owner++) {
		const char *array;
		uint32_t count;

		memcpy(&array, (const char *)spec + owners[owner].array, sizeof(array));
		memcpy(&count, (const char *)spec + owners[owner].count, sizeof(count));
		for (uint32_t n = 0; n < count; n++)
			for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
				if (fields[i].owner == owner)
					put_field(out, &fields[i], array + n * owners[owner].size,
						  n);
	}
}

int container_spec_encode(const struct container_spec *spec, void **ret_data, size_t *ret_len,
			  struct err *err)
{
	struct writer out = {0};

	put_spec(&out, spec);
	if (out.overflow)
		return err_set(err, E2BIG, "container '%s' has too long a list", spec->name);
	out.data = malloc(out.len);
	if (!out.data)
		return err_nomem(err);
	out.len = 0;
	put_spec(&out, spec);
	*ret_data = out.data;
	*ret_len = out.len;
	return 0;
}

static int bad(struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "not a container spec: %s", what);
}

/* Take the next field off DATA. */
static int take(const char **data, size_t *left, struct header *ret_header, const char **ret_value,
		const struct field **ret_field, struct err *err)
{
	const struct field *field = NULL;
	struct header header;

	if (*left < sizeof(header))
		return bad(err, "it ends inside a field");
	memcpy(&header, *data, sizeof(header));
	if (header.len > *left - sizeof(header))
		return bad(err, "a field is longer than the file");
	for (size_t i = 0; i < ARRAY_SIZE(fields) && !field; i++)
		if (fields[i].id == header.id)
			field = &fields[i];
	if (!field)
		return bad(err, "unknown field");
	*ret_value = *data + sizeof(header);
	*ret_header = header;
	*ret_field = field;
	*data += sizeof(header) + header.len;
	*left -= sizeof(header) + header.len;
	return 0;
}

static bool value_fits(const struct field *field, const char *value, size_t len)
{
	switch (field->kind) {
	case U32:
		return len == sizeof(uint32_t);
	case U64:
		return len == sizeof(uint64_t);
	case BLOB:
		return len > 0;
	default:
		return len > 0 && memchr(value, '\0', len) == value + len - 1;
	}
}

/* How many elements each list (by its place in `fields`) and each array has. */
struct counts {
	uint32_t strings[ARRAY_SIZE(fields)];
	uint32_t elements[N_OWNERS];
};

static int count_fields(const char *data, size_t left, struct counts *counts, struct err *err)
{
	while (left > 0) {
		const struct field *field;
		struct header header;
		const char *value;
		uint32_t *count;
		int r;

		r = take(&data, &left, &header, &value, &field, err);
		if (r < 0)
			return r;
		if (!value_fits(field, value, header.len))
			return bad(err, "a value does not fit its field");
		if (field->owner == SPEC && field->kind != STRINGS) {
			if (header.index != 0)
				return bad(err, "a single value has an index");
			continue;
		}
		count = field->kind == STRINGS ? &counts->strings[field - fields]
					       : &counts->elements[field->owner];
		if (header.index == *count)
			(*count)++;
		else if (field->kind == STRINGS || header.index + 1U != *count)
			return bad(err, "the elements of a list are out of order");
	}
	return 0;
}

static int allocate(struct container_spec *spec, const struct counts *counts, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		spec_strings list;

		if (!counts->strings[i])
			continue;
		list = calloc(counts->strings[i] + 1, sizeof(*list));
		if (!list)
			return err_nomem(err);
		memcpy(AT(spec, fields[i].offset), &list, sizeof(list));
	}
	for (size_t owner = SPEC + 1; owner < N_OWNERS; owner++) {
		void *array;

		if (!counts->elements[owner])
			continue;
		array = calloc(counts->elements[owner], owners[owner].size);
		if (!array)
			return err_nomem(err);
		memcpy(AT(spec, owners[owner].array), &array, sizeof(array));
		memcpy(AT(spec, owners[owner].count), &counts->elements[owner], sizeof(uint32_t));
	}
	return 0;
}

static void store(struct container_spec *spec, const struct field *field,
		  const struct header *header, const char *value)
{
	spec_strings strings;
	char *base = (char *)spec;

	if (field->owner != SPEC) {
		memcpy(&base, AT(spec, owners[field->owner].array), sizeof(base));
		base += header->index * owners[field->owner].size;
	}
	switch (field->kind) {
	case STRINGS:
		memcpy(&strings, AT(base, field->offset), sizeof(strings));
		strings[header->index] = value;
		break;
	case BLOB:
		memcpy(AT(base, field->len_offset), &header->len, sizeof(uint32_t));
		memcpy(AT(base, field->offset), &value, sizeof(value));
		break;
	case STRING:
		memcpy(AT(base, field->offset), &value, sizeof(value));
		break;
	default:
		memcpy(AT(base, field->offset), value, header->len);
		break;
	}
}

/* What everybody who reads a spec dereferences without asking. */
static int check_required(const struct container_spec *spec, struct err *err)
{
	if (!spec->name)
		return bad(err, "it has no name");
	for (uint32_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (!mount->target || mount->type > SPEC_MOUNT_TMPFS ||
		    (mount->type != SPEC_MOUNT_TMPFS && !mount->source))
			return bad(err, "a mount is incomplete");
	}
	return 0;
}

int container_spec_decode(const void *data, size_t len, struct container_spec *ret_spec,
			  struct err *err)
{
	CLEANUP(container_spec_release) struct container_spec spec = {0};
	struct counts counts = {0};
	const char *p = data;
	int r;

	r = count_fields(p, len, &counts, err);
	if (r == 0)
		r = allocate(&spec, &counts, err);
	while (r == 0 && len > 0) {
		const struct field *field;
		struct header header;
		const char *value;

		r = take(&p, &len, &header, &value, &field, err);
		if (r == 0)
			store(&spec, field, &header, value);
	}
	if (r == 0)
		r = check_required(&spec, err);
	if (r < 0)
		return r;
	*ret_spec = spec;
	memset(&spec, 0, sizeof(spec));
	return 0;
}

void container_spec_release(struct container_spec *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		void *list;

		if (fields[i].kind != STRINGS)
			continue;
		memcpy(&list, AT(spec, fields[i].offset), sizeof(list));
		free(list);
	}
	for (size_t owner = SPEC + 1; owner < N_OWNERS; owner++) {
		void *array;

		memcpy(&array, AT(spec, owners[owner].array), sizeof(array));
		free(array);
	}
	memset(spec, 0, sizeof(*spec));
}
