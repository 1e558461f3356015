/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a frame that was punted to a responder. Each is a counter, with the service and
 * the outcome as labels.
 */
#pragma once

/* X(symbol, service, outcome) */
#define SERVICE_OUTCOMES(X)                               \
	/* dhcp4: answered */                             \
	X(DHCP4_OFFER, "dhcp4", "offer")                  \
	X(DHCP4_ACK, "dhcp4", "ack")                      \
	X(DHCP4_INFORM_ACK, "dhcp4", "inform-ack")        \
	X(DHCP4_NAK, "dhcp4", "nak")                      \
	/* dhcp4: nothing to say */                       \
	X(DHCP4_DECLINED, "dhcp4", "declined")            \
	X(DHCP4_RELEASED, "dhcp4", "released")            \
	X(DHCP4_NO_ADDRESS, "dhcp4", "no-address")        \
	X(DHCP4_OTHER_SERVER, "dhcp4", "other-server")    \
	X(DHCP4_RELAYED, "dhcp4", "relayed")              \
	X(DHCP4_FOREIGN_MAC, "dhcp4", "foreign-mac")      \
	X(DHCP4_NOT_REQUEST, "dhcp4", "not-a-request")    \
	X(DHCP4_BAD_FRAME, "dhcp4", "bad-frame")          \
	X(DHCP4_BAD_HEADER, "dhcp4", "bad-header")        \
	X(DHCP4_BAD_OPTION, "dhcp4", "bad-option")        \
	X(DHCP4_BAD_TYPE, "dhcp4", "bad-message-type")    \
	/* dhcp6: answered */                             \
	X(DHCP6_ADVERTISE, "dhcp6", "advertise")          \
	X(DHCP6_REPLY, "dhcp6", "reply")                  \
	X(DHCP6_INFORMATION, "dhcp6", "information")      \
	/* dhcp6: nothing to say */                       \
	X(DHCP6_NO_ADDRESS, "dhcp6", "no-address")        \
	X(DHCP6_OTHER_SERVER, "dhcp6", "other-server")    \
	X(DHCP6_RELAYED, "dhcp6", "relayed")              \
	X(DHCP6_BAD_FRAME, "dhcp6", "bad-frame")          \
	X(DHCP6_BAD_OPTION, "dhcp6", "bad-option")        \
	X(DHCP6_BAD_TYPE, "dhcp6", "bad-message-type")    \
	X(DHCP6_BAD_IDENTITY, "dhcp6", "bad-identifiers") \
	/* ra */                                          \
	X(RA_ADVERTISED, "ra", "advertised")              \
	X(RA_UNSOLICITED, "ra", "unsolicited")            \
	X(RA_NO_SUBNET, "ra", "no-subnet")                \
	X(RA_BAD_FRAME, "ra", "bad-frame")                \
	X(RA_BAD_OPTION, "ra", "bad-option")              \
	/* dns: answered here */                          \
	X(DNS_ANSWERED, "dns", "answered")                \
	X(DNS_NO_DATA, "dns", "no-data")                  \
	X(DNS_NO_NAME, "dns", "no-such-name")             \
	X(DNS_REFUSED, "dns", "refused")                  \
	X(DNS_FORMAT, "dns", "format-error")              \
	X(DNS_NOT_IMPLEMENTED, "dns", "not-implemented")  \
	/* dns: asked of the upstream resolvers */        \
	X(DNS_FORWARDED, "dns", "forwarded")              \
	X(DNS_FORWARD_REPLY, "dns", "forward-reply")      \
	X(DNS_FORWARD_TIMEOUT, "dns", "forward-timeout")  \
	X(DNS_FORWARD_LIMIT, "dns", "forward-limit")      \
	X(DNS_NO_UPSTREAM, "dns", "no-upstream")          \
	X(DNS_DUPLICATE, "dns", "duplicate")              \
	/* dns: dropped */                                \
	X(DNS_BAD_FRAME, "dns", "bad-frame")              \
	X(DNS_NOT_QUERY, "dns", "not-a-query")

enum service_outcome {
#define X(symbol, service, outcome) SERVICE_##symbol,
	SERVICE_OUTCOMES(X)
#undef X
		SERVICE_N_OUTCOMES
};

/* "dhcp4" and "offer"; static. */
const char *service_outcome_service(enum service_outcome outcome);
const char *service_outcome_name(enum service_outcome outcome);
