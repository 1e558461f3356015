/* SPDX-License-Identifier: Apache-2.0 */
/* The types of QoS rules as resources: /v2.0/qos/rule-types. What a rule of each takes comes from
 * its kind's table. */
#include <string.h>

#include "controller/api/call.h"
#include "model/access/policy.h"
#include "model/qos/qos_rule.h"

#define DRIVER "weft"

static void write_range(struct json_writer *w, const struct attr *attr)
{
	jw_member_string(w, "parameter_type", "range");
	jw_key(w, "parameter_values");
	jw_begin_object(w);
	jw_member_int(w, "start", attr->min);
	jw_member_int(w, "end", attr->max);
	jw_end_object(w);
}

static void write_choices(struct json_writer *w, const struct attr *attr)
{
	jw_member_string(w, "parameter_type", "choices");
	jw_key(w, "parameter_values");
	jw_begin_array(w);
	if (attr->type == TYPE_ENUM)
		for (const char *const *choice = attr->choices; *choice; choice++)
			jw_string(w, *choice);
	else
		for (unsigned i = 0; i < N_QOS_DSCP_MARKS; i++)
			jw_int(w, qos_dscp_marks[i]);
	jw_end_array(w);
}

static void write_parameters(struct json_writer *w, const struct kind *kind)
{
	jw_key(w, "supported_parameters");
	jw_begin_array(w);
	for (unsigned slot = QOS_RULE_POLICY_ID + 1; slot < N_QOS_RULE_SLOTS; slot++) {
		const struct attr *attr = kind_attr(kind, slot);

		if (!attr->name)
			continue;
		jw_begin_object(w);
		jw_member_string(w, "parameter_name", attr->name);
		if (attr->type == TYPE_ENUM || kind->id == KIND_QOS_DSCP_MARKING_RULE)
			write_choices(w, attr);
		else
			write_range(w, attr);
		jw_end_object(w);
	}
	jw_end_array(w);
}

/* Every type is kept for every port, so that `all_supported` and `all_rules` are the same list. */
static bool check_params(const struct http_target *target, GError **error)
{
	static const char *const known[] = { "type", "all_supported", "all_rules", "fields", NULL };

	for (unsigned i = 0; i < target->n_params; i++)
		if (!g_strv_contains(known, target->params[i].name))
			return weft_fail(error, INVALID_INPUT,
				"Invalid filter '%.64s': rule types have type, all_supported and all_rules.",
				target->params[i].name);
	return true;
}

static bool is_wanted(const struct http_target *target, const char *type)
{
	bool any = true;

	for (unsigned i = 0; i < target->n_params; i++) {
		if (strcmp(target->params[i].name, "type"))
			continue;
		if (!strcmp(target->params[i].value, type))
			return true;
		any = false;
	}
	return any;
}

void rule_types_list(struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	GString *text;
	struct json_writer w;
	GError *error = NULL;

	if (!check_params(target, &error))
		return call_fail(call, error);
	text = g_string_new(NULL);
	w = json_writer_on(text);
	jw_begin_object(&w);
	jw_key(&w, "rule_types");
	jw_begin_array(&w);
	for (const struct qos_rule_type *type = qos_rule_types; type->name; type++) {
		if (!is_wanted(target, type->name))
			continue;
		jw_begin_object(&w);
		jw_member_string(&w, "type", type->name);
		jw_end_object(&w);
	}
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

static GString *render_type(const struct qos_rule_type *type)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "rule_type");
	jw_begin_object(&w);
	jw_member_string(&w, "type", type->name);
	jw_key(&w, "drivers");
	jw_begin_array(&w);
	jw_begin_object(&w);
	jw_member_string(&w, "name", DRIVER);
	write_parameters(&w, kind_by_id(type->kind));
	jw_end_object(&w);
	jw_end_array(&w);
	jw_end_object(&w);
	jw_end_object(&w);
	return text;
}

void rule_type_show(struct call *call)
{
	static const struct policy_target nothing = { 0 };
	const struct qos_rule_type *type = qos_rule_types;
	GError *error = NULL;

	while (type->name && strcmp(type->name, call->id))
		type++;
	if (policy_check_named(&call->caller, "get_rule_type", &nothing, &error) && !type->name)
		weft_fail(&error, NOT_FOUND,
			"There is no QoS rule type '%.64s'; /v2.0/qos/rule-types lists them.",
			call->id);
	if (error)
		return call_fail(call, error);
	call_answer(call, 200, render_type(type));
}
