// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/xattr.h"

#include <endian.h>
#include <linux/capability.h>
#include <string.h>

bool xattr_is_portable(const char *name)
{
	if (strcmp(name, "security.capability") == 0)
		return true;
	return strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0;
}

size_t xattr_capability_inside(void *value, size_t len, uint32_t first_id)
{
	struct vfs_ns_cap_data data;
	uint32_t magic;

	if (len != XATTR_CAPS_SZ_3)
		return len;
	memcpy(&data, value, sizeof(data));
	magic = le32toh(data.magic_etc);
	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3 ||
	    le32toh(data.rootid) != first_id)
		return len;
	data.magic_etc = htole32((magic & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_2);
	memcpy(value, &data, XATTR_CAPS_SZ_2);
	return XATTR_CAPS_SZ_2;
}
