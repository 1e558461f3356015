/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets a copy of a broadcast: per network a list of local ports and one of hosts per underlay
 * family, without holes, so that the data path walks it by index. A removal moves the last entry
 * into the hole before it shortens the list; for an instant a receiver may be there twice, never
 * missing.
 */
#include <errno.h>

#include "datapath/internal.h"
#include "edge.skel.h"

static bool group_write(struct dp *dp, u32 vni, const struct flood_group *group, GError **error)
{
	int fd = bpf_map__fd(dp->edge->maps.flood_groups);
	bool empty = !group->n[FLOOD_PORT] && !group->n[FLOOD_HOST4] && !group->n[FLOOD_HOST6];

	if (empty ? bpf_map_delete_elem(fd, &vni) && errno != ENOENT
		  : bpf_map_update_elem(fd, &vni, group, BPF_ANY))
		return weft_fail_errno(
			error, errno, "Can't write the broadcast list of VNI %u", vni);
	return true;
}

static struct flood_group group_get(struct dp *dp, u32 vni)
{
	struct flood_group group = { 0 };

	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.flood_groups), &vni, &group))
		return (struct flood_group){ 0 };
	return group;
}

static bool target_write(struct dp *dp, const struct flood_key *key, u32 id, GError **error)
{
	struct flood_target target = { .id = id };

	if (bpf_map_update_elem(bpf_map__fd(dp->edge->maps.flood_targets), key, &target, BPF_ANY))
		return weft_fail_errno(
			error, errno, "Can't add to the broadcast list of VNI %u", key->vni);
	return true;
}

bool flood_add(
	struct dp *dp, u32 vni, enum flood_class class, u32 id, u32 *ret_index, GError **error)
{
	struct flood_group group = group_get(dp, vni);
	struct flood_key key = { .vni = vni, .class = (u16) class, .index = (u16)group.n[class] };

	if (group.n[class] >= UINT16_MAX)
		return weft_fail(error, TOO_LARGE, "The broadcast list of VNI %u is full.", vni);
	if (!target_write(dp, &key, id, error))
		return false;
	*ret_index = group.n[class]++;
	return group_write(dp, vni, &group, error);
}

bool flood_replace(
	struct dp *dp, u32 vni, enum flood_class class, u32 index, u32 id, GError **error)
{
	struct flood_key key = { .vni = vni, .class = (u16) class, .index = (u16)index };

	return target_write(dp, &key, id, error);
}

/* The entry that filled the hole has a new index: its owner keeps it. */
static bool owner_moved(
	struct dp *dp, u32 vni, enum flood_class class, u32 id, u32 index, GError **error)
{
	struct member_key key = { .vni = vni };
	struct member member;
	struct port port;
	enum table table = class == FLOOD_PORT ? TABLE_PORTS : TABLE_MEMBERS;

	if (class == FLOOD_PORT) {
		if (!table_get(dp, TABLE_PORTS, &id, &port))
			return true;
		port.flood_index = index;
	} else {
		if (!vtep_address(dp, id, &key.remote) ||
			!table_get(dp, TABLE_MEMBERS, &key, &member))
			return true;
		member.flood_index = index;
	}
	if (bpf_map_update_elem(dp->table_fd[table],
		    class == FLOOD_PORT ? (void *)&id : (void *)&key,
		    class == FLOOD_PORT ? (void *)&port : (void *)&member, BPF_EXIST))
		return weft_fail_errno(
			error, errno, "Can't move in the broadcast list of VNI %u", vni);
	return true;
}

bool flood_remove(struct dp *dp, u32 vni, enum flood_class class, u32 index, GError **error)
{
	int fd = bpf_map__fd(dp->edge->maps.flood_targets);
	struct flood_group group = group_get(dp, vni);
	struct flood_key last = { .vni = vni, .class = (u16) class };
	struct flood_target target;

	if (index >= group.n[class])
		return true;
	last.index = (u16)(group.n[class] - 1);
	if (index != last.index && !bpf_map_lookup_elem(fd, &last, &target)) {
		if (!flood_replace(dp, vni, class, index, target.id, error) ||
			!owner_moved(dp, vni, class, target.id, index, error))
			return false;
	}
	group.n[class]--;
	if (!group_write(dp, vni, &group, error))
		return false;
	bpf_map_delete_elem(fd, &last);
	return true;
}

/* Whether the list's entry is the one that its owner knows of. */
static bool owner_agrees(struct dp *dp, u32 vni, enum flood_class class, u32 id, u32 index)
{
	struct member_key key = { .vni = vni };
	struct member member;
	struct port port;

	if (class == FLOOD_PORT)
		return table_get(dp, TABLE_PORTS, &id, &port) && port.vni == vni &&
		       port.flood_index == index;
	return vtep_address(dp, id, &key.remote) && table_get(dp, TABLE_MEMBERS, &key, &member) &&
	       member.flood_index == index;
}

static void mend_group(struct dp *dp, u32 vni)
{
	int fd = bpf_map__fd(dp->edge->maps.flood_targets);

	for (int class = 0; class < N_FLOOD_CLASSES; class ++)
		for (u32 i = group_get(dp, vni).n[class]; i-- > 0;) {
			struct flood_key key = {
				.vni = vni, .class = (u16) class, .index = (u16)i
			};
			struct flood_target target = { 0 };

			bpf_map_lookup_elem(fd, &key, &target);
			if (!owner_agrees(dp, vni, (enum flood_class) class, target.id, i))
				flood_remove(dp, vni, (enum flood_class) class, i, NULL);
		}
}

void flood_open(struct dp *dp)
{
	g_autoptr(GArray) vnis = g_array_new(FALSE, FALSE, sizeof(u32));
	u32 vni, *previous = NULL, last;

	while (!bpf_map_get_next_key(bpf_map__fd(dp->edge->maps.flood_groups), previous, &vni)) {
		g_array_append_val(vnis, vni);
		last = vni;
		previous = &last;
	}
	for (guint i = 0; i < vnis->len; i++)
		mend_group(dp, g_array_index(vnis, u32, i));
}
