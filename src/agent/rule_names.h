/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/desired.h"
#include "datapath/datapath.h"

/* Rules with their security groups, by the view; for dp_set_names(). @desired is borrowed. */
struct dp_names rule_names(struct desired *desired);
