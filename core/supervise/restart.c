// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/restart.h"

bool restart_wanted(const struct service *service, int exit_code, unsigned int attempts)
{
	int64_t most = service->restart_max_attempts;

	switch (service->restart) {
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return exit_code != 0 && (most <= 0 || attempts < (uint64_t)most);
	case RESTART_NO:
		break;
	}
	return false;
}

bool restart_succeeded(const struct service *service, uint64_t ran_ms)
{
	return service->restart_window_ms >= 0 && ran_ms >= (uint64_t)service->restart_window_ms;
}

int64_t restart_delay(const struct service *service, int64_t previous_ms, uint64_t ran_ms)
{
	if (service && service->restart_delay_ms >= 0)
		return service->restart_delay_ms;
	if (previous_ms == 0 || ran_ms >= RESTART_RESET_MS)
		return RESTART_DELAY_FIRST_MS;
	return previous_ms * 2 < RESTART_DELAY_MAX_MS ? previous_ms * 2 : RESTART_DELAY_MAX_MS;
}

bool restart_at_boot(bool always, bool stopped)
{
	return always || !stopped;
}
