// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/strbuf.h"
#include "core/model/load.h"
#include "core/model/project.h"
#include "core/model/schema.h"
#include "core/model/writer.h"

static void emit(struct writer *writer, const struct schema *schema, const void *object)
{
	writer_open_map(writer);
	schema_emit(writer, schema, object);
	writer_close(writer);
	strbuf_putc(writer->out, '\n');
}

void project_emit_json(const struct project *project, struct strbuf *out)
{
	struct writer writer = WRITER_INIT(out, WRITER_JSON);

	emit(&writer, &schema_project, project);
}

void project_emit_yaml(const struct project *project, struct strbuf *out)
{
	struct writer writer = WRITER_INIT(out, WRITER_YAML);

	emit(&writer, &schema_project, project);
}

void project_emit_file(const struct project *project, bool yaml, struct strbuf *out)
{
	struct writer writer = WRITER_INIT(out, yaml ? WRITER_YAML : WRITER_JSON);
	struct project anywhere = *project;

	anywhere.working_dir = NULL;
	writer.escape_dollar = true;
	writer.for_users = true;
	emit(&writer, &schema_project, &anywhere);
}

void service_emit_classes(const struct service *service, unsigned int classes, struct strbuf *out)
{
	struct writer writer = WRITER_INIT(out, WRITER_JSON);

	writer_open_map(&writer);
	schema_emit_classes(&writer, &schema_service, service, classes);
	writer_close(&writer);
}
