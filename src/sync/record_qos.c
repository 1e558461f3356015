/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/fields.h"

#define RATE_MAX G_MAXINT32 /* as in the API */

static bool optional_rate(const json_t *object, const char *member, u32 *ret, GError **error)
{
	const json_t *value = json_object_get(object, member);

	return !value || json_is_null(value) || field_uint(object, member, 0, RATE_MAX, ret, error);
}

static bool decode_rates(
	const json_t *qos, const char *direction, struct record_rates *ret, GError **error)
{
	const json_t *rates = json_object_get(qos, direction);

	if (!rates || json_is_null(rates))
		return true;
	if (!json_is_object(rates))
		return weft_fail(error, BAD_REQUEST, "qos.%s must be an object", direction);
	return optional_rate(rates, "max_kbps", &ret->max_kbps, error) &&
	       optional_rate(rates, "max_burst_kbps", &ret->max_burst_kbps, error) &&
	       optional_rate(rates, "max_kpps", &ret->max_kpps, error) &&
	       optional_rate(rates, "max_burst_kpps", &ret->max_burst_kpps, error) &&
	       optional_rate(rates, "min_kbps", &ret->min_kbps, error);
}

bool field_optional_qos(const json_t *object, struct record_qos *ret, GError **error)
{
	const json_t *qos = json_object_get(object, "qos"), *mark;
	u32 dscp = 0;

	if (!qos || json_is_null(qos))
		return true;
	if (!json_is_object(qos))
		return weft_fail(error, BAD_REQUEST, "qos must be an object");
	mark = json_object_get(qos, "dscp_mark");
	ret->marks = mark && !json_is_null(mark);
	if (ret->marks && !field_uint(qos, "dscp_mark", 0, 63, &dscp, error))
		return false;
	ret->dscp_mark = (u8)dscp;
	return decode_rates(qos, "egress", &ret->egress, error) &&
	       decode_rates(qos, "ingress", &ret->ingress, error);
}
