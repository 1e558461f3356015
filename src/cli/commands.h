/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's descriptor; each stands in the file of the same name. */
#pragma once

#include "cli/command.h"
