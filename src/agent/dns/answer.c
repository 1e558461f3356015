/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/answer.h"

#define ADDRESSES_MAX 32
#define SOA_REFRESH_S 3600
#define SOA_RETRY_S 600
#define SOA_EXPIRE_S 86400

/* A question on its way: what zone it is in, and the reply as far as it is. */
struct lookup {
	const struct service_port *port;
	const struct dns_directory *directory;
	const struct dns_query *query;
	struct dns_reply *reply;
	bool has_zone;
	size_t zone_depth; /* labels of the name that stand before the zone's */
};

static enum service_outcome no_records(struct lookup *l, enum dns_rcode rcode)
{
	u16 zone_at = dns_reply_name_at(l->reply, l->zone_depth);
	u8 room[64];
	struct writer soa = writer_of(room, sizeof(room));

	l->reply->rcode = rcode;
	if (!l->has_zone)
		return rcode == DNS_NXDOMAIN ? SERVICE_DNS_NO_NAME : SERVICE_DNS_NO_DATA;
	write_u16(&soa, 0xc000 | zone_at); /* primary server: the zone's own name */
	write_u8(&soa, 10);
	write_bytes(&soa, "hostmaster", 10);
	write_u16(&soa, 0xc000 | zone_at);
	write_u32(&soa, 1);
	write_u32(&soa, SOA_REFRESH_S);
	write_u32(&soa, SOA_RETRY_S);
	write_u32(&soa, SOA_EXPIRE_S);
	write_u32(&soa, DNS_NEGATIVE_TTL_S);
	if (l->zone_depth == 0 && l->query->type == DNS_SOA && rcode == DNS_NOERROR) {
		dns_reply_answer(l->reply, DNS_SOA, DNS_TTL_S, room, soa.len);
		return SERVICE_DNS_ANSWERED;
	}
	dns_reply_authority(l->reply, zone_at, DNS_SOA, DNS_NEGATIVE_TTL_S, room, soa.len);
	return rcode == DNS_NXDOMAIN ? SERVICE_DNS_NO_NAME : SERVICE_DNS_NO_DATA;
}

/* RFC 8482: one record instead of all. */
static enum service_outcome any(struct lookup *l)
{
	static const u8 hinfo[] = "\7RFC8482";

	dns_reply_answer(l->reply, DNS_HINFO, DNS_TTL_S, hinfo, sizeof(hinfo));
	return SERVICE_DNS_ANSWERED;
}

static size_t find_host(
	const struct lookup *l, const char *label, struct ip ret[static ADDRESSES_MAX])
{
	const char *name;
	size_t n = l->directory->by_name(l->port, label, ret, ADDRESSES_MAX, l->directory->data);

	if (n == 0 && service_derived_name_parse(label, &ret[0]) &&
		l->directory->by_ip(l->port, &ret[0], &name, l->directory->data))
		n = 1;
	return n;
}

static enum service_outcome host(struct lookup *l, const char *label)
{
	u8 family = l->query->type == DNS_A ? 4 : l->query->type == DNS_AAAA ? 6 : 0;
	struct ip ips[ADDRESSES_MAX];
	size_t n = find_host(l, label, ips);

	if (n == 0)
		return no_records(l, DNS_NXDOMAIN);
	if (l->query->type == DNS_ANY)
		return any(l);
	for (size_t i = 0; i < n; i++) {
		if (ips[i].family == family)
			dns_reply_answer(l->reply, (enum dns_type)l->query->type, DNS_TTL_S,
				ips[i].b, ip_bytes(&ips[i]));
	}
	if (l->reply->n_answers == 0 && !l->reply->is_full)
		return no_records(l, DNS_NOERROR);
	return SERVICE_DNS_ANSWERED;
}

static enum service_outcome pointer(struct lookup *l, const struct ip *ip)
{
	const char *name = NULL, *domain = l->port->dns_domain;
	char derived[SERVICE_NAME_SIZE];
	u8 room[NAME_SIZE];
	struct writer w = writer_of(room, sizeof(room));

	if (!l->directory->by_ip(l->port, ip, &name, l->directory->data))
		return no_records(l, DNS_NXDOMAIN);
	if (l->query->type == DNS_ANY)
		return any(l);
	if (l->query->type != DNS_PTR)
		return no_records(l, DNS_NOERROR);
	service_derived_name(ip, derived);
	g_autofree char *full =
		g_strdup_printf("%s.%s", name && *name ? name : derived, domain ? domain : "");
	write_name(&w, full);
	if (w.failed)
		return no_records(l, DNS_NOERROR);
	dns_reply_answer(l->reply, DNS_PTR, DNS_TTL_S, room, w.len);
	return SERVICE_DNS_ANSWERED;
}

static bool reverse_parse4(const char *digits, size_t len, struct ip *ret)
{
	g_autofree char *text = g_strndup(digits, len);
	g_auto(GStrv) parts = g_strsplit(text, ".", -1);

	if (g_strv_length(parts) != 4)
		return false;
	g_autofree char *forward = g_strjoin(".", parts[3], parts[2], parts[1], parts[0], NULL);
	return ip_parse(forward, ret);
}

static bool reverse_parse6(const char *digits, size_t len, struct ip *ret)
{
	struct ip ip = { .family = 6 };

	if (len != 63)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int nibble = g_ascii_xdigit_value(digits[2 * i]);

		if (nibble < 0 || (i < 31 && digits[2 * i + 1] != '.'))
			return false;
		ip.b[15 - i / 2] |= (u8)(i % 2 ? nibble << 4 : nibble);
	}
	*ret = ip;
	return true;
}

bool dns_reverse_parse(const char *name, struct ip *ret)
{
	static const struct {
		const char *suffix;
		bool (*parse)(const char *digits, size_t len, struct ip *ret);
	} zones[] = { { ".in-addr.arpa", reverse_parse4 }, { ".ip6.arpa", reverse_parse6 } };

	for (size_t i = 0; i < G_N_ELEMENTS(zones); i++) {
		if (g_str_has_suffix(name, zones[i].suffix))
			return zones[i].parse(name, strlen(name) - strlen(zones[i].suffix), ret);
	}
	return false;
}

static bool is_of_subnets(const struct service_port *port, const struct ip *ip)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		if (port->addresses[i].subnet &&
			prefix_contains(&port->addresses[i].subnet->cidr, ip))
			return true;
	}
	return false;
}

static size_t count_labels(const char *name)
{
	size_t n = *name != '\0';

	for (; *name; name++)
		n += *name == '.';
	return n;
}

/* If @name is in @domain, what stands before it: "" is the domain itself. NULL: it is elsewhere. */
static char *within(const char *name, const char *domain)
{
	g_autofree char *zone = g_ascii_strdown(domain ? domain : "", -1);
	size_t len = strlen(zone), name_len = strlen(name);

	if (len && zone[len - 1] == '.')
		zone[--len] = '\0';
	if (len == 0 || !g_str_has_suffix(name, zone))
		return NULL;
	if (name_len == len)
		return g_strdup("");
	return name[name_len - len - 1] == '.' ? g_strndup(name, name_len - len - 1) : NULL;
}

static enum service_outcome in_domain(struct lookup *l, const char *rest)
{
	l->has_zone = true;
	l->zone_depth = count_labels(rest);
	l->reply->flags |= DNS_AUTHORITATIVE;
	if (!*rest)
		return l->query->type == DNS_ANY ? any(l) : no_records(l, DNS_NOERROR);
	return host(l, rest);
}

bool dns_answer(const struct service_port *port, const struct dns_directory *directory,
	const struct dns_query *query, struct dns_reply *reply, enum service_outcome *ret_outcome)
{
	struct lookup l = { port, directory, query, reply, false, 0 };
	g_autofree char *rest = within(query->name, port->dns_domain);
	struct ip ips[ADDRESSES_MAX], ip;

	if (rest) {
		*ret_outcome = in_domain(&l, rest);
		return true;
	}
	if (dns_reverse_parse(query->name, &ip) && is_of_subnets(port, &ip)) {
		l.has_zone = true;
		l.zone_depth = 1;
		reply->flags |= DNS_AUTHORITATIVE;
		*ret_outcome = pointer(&l, &ip);
		return true;
	}
	/* A single label: a port of the network, and never somebody else's host. */
	if (!*query->name || strchr(query->name, '.'))
		return false;
	if (query->type != DNS_A && query->type != DNS_AAAA && find_host(&l, query->name, ips) == 0)
		return false;
	*ret_outcome = host(&l, query->name);
	return true;
}
