/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_list.h"

const json_t *json_list_named(const json_t *list, const json_t *like)
{
	const json_t *name = json_object_get(like, "name"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_equal(json_object_get(one, "name"), name))
			return one;
	return NULL;
}
