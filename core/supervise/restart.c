// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/restart.h"

bool restart_wanted(enum restart_policy policy, int64_t max_attempts, int exit_code,
		    unsigned int restarts)
{
	switch (policy) {
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return exit_code != 0 && (max_attempts <= 0 || restarts < (uint64_t)max_attempts);
	case RESTART_NO:
		break;
	}
	return false;
}

int64_t restart_delay(int64_t previous_ms, uint64_t ran_ms)
{
	if (previous_ms == 0 || ran_ms >= RESTART_RESET_MS)
		return RESTART_DELAY_FIRST_MS;
	return previous_ms * 2 < RESTART_DELAY_MAX_MS ? previous_ms * 2 : RESTART_DELAY_MAX_MS;
}

bool restart_at_boot(enum restart_policy policy, bool stopped)
{
	return policy == RESTART_ALWAYS || (policy == RESTART_UNLESS_STOPPED && !stopped);
}
