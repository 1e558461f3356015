/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exit.h"

#include "base/error.h"

int exit_code_of(const GError *error)
{
	if (error->domain == G_OPTION_ERROR)
		return EXIT_USAGE;
	if (error->domain != WEFT_ERROR)
		return EXIT_FAILED;
	switch (error->code) {
	case WEFT_ERROR_UNAVAILABLE:
		return EXIT_UNREACHABLE;
	case WEFT_ERROR_TIMEOUT:
		return EXIT_TIMED_OUT;
	}
	switch (weft_error_status(error)) {
	case 401:
	case 403:
		return EXIT_FORBIDDEN;
	case 404:
		return EXIT_NOT_FOUND;
	}
	return EXIT_FAILED;
}
