// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_APPLY_CLASS_H
#define STACK_CORE_MODEL_APPLY_CLASS_H

/*
 * Apply class: what a change takes
 *
 * Each attribute has one (schema.h), and so has each action of a plan (plan.h).
 * APPLY_ROLLING is a new container that may be made beside the old one, where
 * the service wants that; APPLY_RECREATE one that cannot.
 */
enum apply_class { APPLY_NONE, APPLY_LIVE, APPLY_RELOAD, APPLY_ROLLING, APPLY_RECREATE };

#endif
