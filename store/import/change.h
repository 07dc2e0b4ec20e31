// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_CHANGE_H
#define STACK_STORE_IMPORT_CHANGE_H

#include "core/base/err.h"

struct json_t;

/*
 * Change: one line of a Dockerfile applied to the configuration of an image
 *
 *	CMD ["nginx", "-g", "daemon off;"]	ENV LANG=C.UTF-8 MODE="a b"
 *	ENTRYPOINT /start.sh --now		EXPOSE 80 443/tcp
 *	LABEL version=3				STOPSIGNAL SIGQUIT
 *	USER www-data				VOLUME /var/lib/data
 *	WORKDIR /srv				HEALTHCHECK --interval=5s CMD …
 *
 * The words and forms of docs.docker.com/reference/dockerfile that `docker
 * import --change` knows.
 *
 * -EINVAL: no such line.
 */
int change_apply(struct json_t *config, const char *line, struct err *err);

#endif
