/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/service/outcome.h"

static const struct {
	const char *service, *name;
} outcomes[SERVICE_N_OUTCOMES] = {
#define X(symbol, service, outcome) [SERVICE_##symbol] = { service, outcome },
	SERVICE_OUTCOMES(X)
#undef X
};

const char *service_outcome_service(enum service_outcome outcome)
{
	return outcomes[outcome].service;
}

const char *service_outcome_name(enum service_outcome outcome)
{
	return outcomes[outcome].name;
}
