/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error domain for the whole product. Each code knows its HTTP status and the type name that an
 * OpenStack client sees in {"NeutronError": {"type": …}}. A message that a person will see says
 * what was asked, what is wrong, and what would be right.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* X(code, http status, type name). The type names follow OpenStack Networking where it has one. */
/* A new line must change no other. */
/* clang-format off */
#define WEFT_ERRORS(X)                                                             \
	X(INTERNAL, 500, "InternalServerError")                                    \
	X(BAD_REQUEST, 400, "BadRequest")                                          \
	X(INVALID_INPUT, 400, "InvalidInput")                                      \
	X(UNAUTHORIZED, 401, "Unauthorized")                                       \
	X(FORBIDDEN, 403, "PolicyNotAuthorized")                                   \
	X(NOT_FOUND, 404, "HTTPNotFound")                                          \
	X(NETWORK_NOT_FOUND, 404, "NetworkNotFound")                               \
	X(SUBNET_NOT_FOUND, 404, "SubnetNotFound")                                 \
	X(PORT_NOT_FOUND, 404, "PortNotFound")                                     \
	X(ADDRESS_SCOPE_NOT_FOUND, 404, "AddressScopeNotFound")                    \
	X(ADDRESS_SCOPE_IN_USE, 409, "AddressScopeInUse")                          \
	X(ADDRESS_SCOPE_UPDATE, 400, "AddressScopeUpdateError")                    \
	X(ADDRESS_SCOPE_PREFIX, 409, "AddressScopePrefixConflict")                 \
	X(SCOPE_AFFINITY, 400, "NetworkAddressScopeAffinityError")                 \
	X(SUBNETPOOL_NOT_FOUND, 404, "SubnetPoolNotFound")                         \
	X(SUBNETPOOL_IN_USE, 400, "SubnetPoolDeleteError")                         \
	X(SUBNETPOOL_EXHAUSTED, 409, "SubnetAllocationError")                      \
	X(SUBNETPOOL_QUOTA, 409, "SubnetPoolQuotaExceeded")                        \
	X(SUBNETPOOL_NO_PREFIX, 400, "EmptySubnetPoolPrefixList")                  \
	X(POOL_MIN_PREFIX, 400, "MinPrefixSubnetAllocationError")                  \
	X(POOL_MAX_PREFIX, 400, "MaxPrefixSubnetAllocationError")                  \
	X(SUBNETPOOL_AFFINITY, 400, "NetworkSubnetPoolAffinityError")              \
	X(PREFIX_VERSION, 400, "PrefixVersionMismatch")                            \
	X(PREFIX_BOUNDS, 400, "IllegalSubnetPoolPrefixBounds")                     \
	X(PREFIX_UPDATE, 400, "IllegalSubnetPoolPrefixUpdate")                     \
	X(AGENT_NOT_FOUND, 404, "AgentNotFound")                                   \
	X(AZ_NOT_FOUND, 404, "AvailabilityZoneNotFound")                           \
	X(PORT_BINDING_NOT_FOUND, 404, "PortBindingNotFound")                      \
	X(PORT_BINDING_EXISTS, 409, "PortBindingAlreadyExists")                    \
	X(PORT_BINDING_ACTIVE, 409, "PortBindingAlreadyActive")                    \
	X(INVALID_SERVICE_TYPE, 400, "InvalidSubnetServiceType")                   \
	X(NO_SERVICE_SUBNET, 409, "IpAddressGenerationFailureNoMatchingSubnet")    \
	X(TRUNK_NOT_FOUND, 404, "TrunkNotFound")                                   \
	X(TRUNK_IN_USE, 409, "TrunkInUse")                                         \
	X(TRUNK_DISABLED, 409, "TrunkDisabled")                                    \
	X(TRUNK_PARENT_IN_USE, 409, "ParentPortInUse")                             \
	X(TRUNK_PORT_IN_USE, 409, "TrunkPortInUse")                                \
	X(PORT_IS_TRUNK_PARENT, 409, "PortInUseAsTrunkParent")                     \
	X(PORT_IS_SUBPORT, 409, "PortInUseAsSubPort")                              \
	X(SUBPORT_NOT_FOUND, 404, "SubPortNotFound")                               \
	X(SUBPORT_DUPLICATE, 409, "DuplicateSubPort")                              \
	X(SUBPORT_MTU, 409, "SubPortMtuGreaterThanTrunkPortMtu")                   \
	X(METHOD_NOT_ALLOWED, 405, "HTTPMethodNotAllowed")                         \
	X(CONFLICT, 409, "Conflict")                                               \
	X(IN_USE, 409, "InUse")                                                    \
	X(NETWORK_IN_USE, 409, "NetworkInUse")                                     \
	X(SUBNET_IN_USE, 409, "SubnetInUse")                                       \
	X(HOST_NOT_FOUND, 404, "HostNotFound")                                     \
	X(HOST_IN_USE, 409, "HostInUse")                                           \
	X(VNI_IN_USE, 409, "TunnelIdInUse")                                        \
	X(VLAN_IN_USE, 409, "VlanIdInUse")                                         \
	X(FLAT_IN_USE, 409, "FlatNetworkInUse")                                    \
	X(SEGMENT_NOT_FOUND, 404, "SegmentNotFound")                               \
	X(SEGMENT_IN_USE, 409, "SegmentInUse")                                     \
	X(SEGMENT_OF_OTHER_NETWORK, 400, "NetworkIdsDontMatch")                    \
	X(SEGMENT_FOR_ALL, 400, "SubnetsNotAllAssociatedWithSegments")             \
	X(SEGMENT_FOR_GOOD, 400, "SubnetSegmentAssociationChangeNotAllowed")       \
	X(SEGMENT_OF_SEVERAL, 400, "NoUpdateSubnetWhenMultipleSegmentsOnNetwork")  \
	X(HOST_ON_SEGMENTS, 409, "HostConnectedToMultipleSegments")                \
	X(HOST_ON_NO_SEGMENT, 409, "HostNotConnectedToAnySegment")                 \
	X(HOST_WITHOUT_IPS, 409, "HostNotCompatibleWithFixedIps")                  \
	X(IPS_ON_SEGMENTS, 400, "FixedIpsSubnetsNotOnSameSegment")                 \
	X(RANGE_NOT_FOUND, 404, "NetworkSegmentRangeNotFound")                     \
	X(RANGE_IN_USE, 409, "NetworkSegmentRangeReferencedByProject")             \
	X(RANGE_READ_ONLY, 400, "NetworkSegmentRangeDefaultReadOnly")              \
	X(RANGE_OVERLAPS, 409, "NetworkSegmentRangeOverlaps")                      \
	X(RANGE_TYPE_NOT_SUPPORTED, 400, "NetworkSegmentRangeNetTypeNotSupported") \
	X(VNI_EXHAUSTED, 409, "NoNetworkAvailable")                                \
	X(GATEWAY_IN_POOL, 409, "GatewayConflictWithAllocationPools")              \
	X(POOL_INVALID, 400, "InvalidAllocationPool")                              \
	X(POOL_OUTSIDE, 400, "OutOfBoundsAllocationPool")                          \
	X(POOLS_OVERLAP, 409, "OverlappingAllocationPools")                        \
	X(IP_NOT_ON_SUBNET, 400, "InvalidIpForSubnet")                             \
	X(IP_NOT_ON_NETWORK, 400, "InvalidIpForNetwork")                           \
	X(MAC_EXHAUSTED, 503, "NetworkMacAddressGenerationFailure")                       \
	X(IP_EXHAUSTED, 409, "IpAddressGenerationFailure")                         \
	X(IP_IN_USE, 409, "IpAddressAlreadyAllocated")                             \
	X(GATEWAY_IP_IN_USE, 409, "GatewayIpInUse")                                \
	X(PORT_IN_USE, 409, "PortInUse")                                           \
	X(SERVICE_PORT_IN_USE, 409, "ServicePortInUse")                            \
	X(EXTERNAL_NETWORK_IN_USE, 409, "ExternalNetworkInUse")                    \
	X(DEFAULT_EXTERNAL_NETWORK_EXISTS, 409, "DefaultExternalNetworkExists")    \
	X(ROUTER_NOT_FOUND, 404, "RouterNotFound")                                 \
	X(ROUTER_IN_USE, 409, "RouterInUse")                                       \
	X(INTERFACE_NOT_FOUND, 404, "RouterInterfaceNotFound")                     \
	X(INTERFACE_NOT_FOUND_FOR_SUBNET, 404, "RouterInterfaceNotFoundForSubnet") \
	X(INTERFACE_HAS_FLOATING_IP, 409, "RouterInterfaceInUseByFloatingIP")      \
	X(INTERFACE_HAS_ROUTE, 409, "RouterInterfaceInUseByRoute")                 \
	X(GATEWAY_HAS_FLOATING_IP, 409, "RouterExternalGatewayInUseByFloatingIp")  \
	X(SUBNET_MISMATCH, 400, "SubnetMismatchForPort")                           \
	X(INVALID_ROUTES, 400, "InvalidRoutes")                                    \
	X(FLOATING_IP_NOT_FOUND, 404, "FloatingIPNotFound")                        \
	X(FLOATING_IP_ASSOCIATED, 409, "FloatingIPPortAlreadyAssociated")          \
	X(NO_EXTERNAL_GATEWAY, 404, "ExternalGatewayForFloatingIPNotFound")        \
	X(FLOATING_IP_IN_USE, 409, "FipInUseByPortForwarding") \
	X(PORT_HAS_FORWARDING, 400, "PortHasPortForwarding") \
	X(PORT_HAS_FLOATING_IP, 409, "PortHasBindingFloatingIP") \
	X(PORT_FORWARDING_NOT_FOUND, 404, "PortForwardingNotFound") \
	X(CONNTRACK_HELPER_NOT_FOUND, 404, "ConntrackHelperNotFound") \
	X(HELPER_NOT_ALLOWED, 400, "ConntrackHelperNotAllowed") \
	X(BAD_PROTOCOL_FOR_HELPER, 400, "InvalidProtocolForHelper") \
	X(LOCAL_IP_NOT_FOUND, 404, "LocalIPNotFound") \
	X(LOCAL_IP_IN_USE, 409, "LocalIPInUse") \
	X(LOCAL_IP_NO_IP, 400, "LocalIPNoIP") \
	X(LOCAL_IP_NO_SUCH_IP, 400, "LocalIPRequestedIPNotFound") \
	X(LOCAL_IP_WHICH_IP, 400, "LocalIPNoRequestedIP") \
	X(LOCAL_IP_NO_PORT, 400, "LocalIPPortOrNetworkRequired") \
	X(LOCAL_IP_ASSOCIATION_NOT_FOUND, 404, "LocalIPAssociationNotFound") \
	X(NDP_PROXY_NOT_FOUND, 404, "NDPProxyNotFound") \
	X(ROUTER_NDP_PROXY_NOT_ENABLED, 409, "RouterNDPProxyNotEnable") \
	X(ROUTER_GATEWAY_NOT_VALID, 409, "RouterGatewayNotValid") \
	X(ROUTER_IPV6_GATEWAY_IN_USE, 409, "RouterIPv6GatewayInUse") \
	X(GATEWAY_HAS_NDP_PROXY, 409, "RouterGatewayInUseByNDPProxy") \
	X(INTERFACE_HAS_NDP_PROXY, 409, "RouterInterfaceInUseByNDPProxy") \
	X(ADDRESS_SCOPE_CONFLICT, 409, "AddressScopeConflict") \
	X(PORT_UNREACHABLE, 409, "PortUnreachableRouter") \
	X(INVALID_ADDRESS, 400, "InvalidAddress") \
	X(MAC_IN_USE, 409, "MacAddressInUse")                                      \
	X(OVER_QUOTA, 409, "OverQuota")                                            \
	X(ADDRESS_GROUP_NOT_FOUND, 404, "AddressGroupNotFound") \
	X(ADDRESS_GROUP_IN_USE, 409, "AddressGroupInUse") \
	X(ADDRESSES_EXIST, 400, "AddressesAlreadyExist") \
	X(ADDRESSES_NOT_FOUND, 404, "AddressesNotFound") \
	X(GROUP_NOT_FOUND, 404, "SecurityGroupNotFound") \
	X(GROUP_IN_USE, 409, "SecurityGroupInUse") \
	X(GROUP_CONFLICT, 409, "SecurityGroupConflict") \
	X(DEFAULT_GROUP_EXISTS, 409, "SecurityGroupDefaultAlreadyExists") \
	X(DEFAULT_GROUP_RENAMED, 409, "SecurityGroupCannotUpdateDefault") \
	X(DEFAULT_GROUP_REMOVED, 409, "SecurityGroupCannotRemoveDefault") \
	X(RULE_NOT_FOUND, 404, "SecurityGroupRuleNotFound") \
	X(RULE_EXISTS, 409, "SecurityGroupRuleExists") \
	X(RULE_TWICE, 409, "DuplicateSecurityGroupRuleInPost") \
	X(RULE_GROUPS, 400, "SecurityGroupNotSingleGroupRules") \
	X(RULE_PROJECTS, 400, "SecurityGroupRulesNotSingleTenant") \
	X(RULE_PROTOCOL, 400, "SecurityGroupRuleInvalidProtocol") \
	X(RULE_PORT_VALUE, 400, "SecurityGroupInvalidPortValue") \
	X(RULE_PORT_RANGE, 400, "SecurityGroupInvalidPortRange") \
	X(RULE_PORT_PROTOCOL, 400, "SecurityGroupInvalidProtocolForPort") \
	X(RULE_NO_PROTOCOL, 400, "SecurityGroupProtocolRequiredWithPorts") \
	X(RULE_ICMP_VALUE, 400, "SecurityGroupInvalidIcmpValue") \
	X(RULE_ICMP_TYPE, 400, "SecurityGroupMissingIcmpType") \
	X(RULE_ETHERTYPE, 400, "SecurityGroupEthertypeConflictWithProtocol") \
	X(RULE_ETHERTYPE_UNKNOWN, 400, "SecurityGroupRuleInvalidEtherType") \
	X(RULE_PREFIX_FAMILY, 400, "SecurityGroupRuleParameterConflict") \
	X(RULE_REMOTES, 400, "SecurityGroupMultipleRemoteEntites") \
	X(DEFAULT_RULE_NOT_FOUND, 404, "DefaultSecurityGroupRuleNotFound") \
	X(DEFAULT_RULE_EXISTS, 409, "DefaultSecurityGroupRuleExists") \
	X(SECURITY_TIER_NOT_FOUND, 404, "SecurityTierNotFound") \
	X(SECURITY_TIER_IN_USE, 409, "SecurityTierInUse") \
	X(SECURITY_TIER_EXISTS, 409, "SecurityTierExists") \
	X(SECURITY_TIER_LIMIT, 409, "SecurityTierLimitReached") \
	X(SECURITY_POLICY_NOT_FOUND, 404, "SecurityPolicyNotFound") \
	X(SECURITY_POLICY_EXISTS, 409, "SecurityPolicyExists") \
	X(SECURITY_POLICY_RULE_NOT_FOUND, 404, "SecurityPolicyRuleNotFound") \
	X(SECURITY_POLICY_RULE_EXISTS, 409, "SecurityPolicyRuleExists") \
	X(FIREWALL_GROUP_NOT_FOUND, 404, "FirewallGroupNotFound") \
	X(FIREWALL_GROUP_IN_USE, 409, "FirewallGroupInUse") \
	X(FIREWALL_GROUP_PORT, 409, "FirewallGroupPortInvalid") \
	X(FIREWALL_GROUP_PORT_PROJECT, 409, "FirewallGroupPortInvalidProject") \
	X(FIREWALL_GROUP_PORT_IN_USE, 409, "FirewallGroupPortInUse") \
	X(FIREWALL_DEFAULT_EXISTS, 409, "FirewallGroupDefaultAlreadyExists") \
	X(FIREWALL_DEFAULT_UPDATED, 409, "FirewallGroupCannotUpdateDefault") \
	X(FIREWALL_DEFAULT_REMOVED, 409, "FirewallGroupCannotRemoveDefault") \
	X(FIREWALL_POLICY_NOT_FOUND, 404, "FirewallPolicyNotFound") \
	X(FIREWALL_POLICY_IN_USE, 409, "FirewallPolicyInUse") \
	X(FIREWALL_POLICY_SHARING, 409, "FirewallPolicySharingConflict") \
	X(FIREWALL_RULE_NOT_FOUND, 404, "FirewallRuleNotFound") \
	X(FIREWALL_RULE_IN_USE, 409, "FirewallRuleInUse") \
	X(FIREWALL_RULE_ASSOCIATED, 409, "FirewallRuleAlreadyAssociated") \
	X(FIREWALL_RULE_NOT_ASSOCIATED, 400, "FirewallRuleNotAssociatedWithPolicy") \
	X(FIREWALL_RULE_INFO, 400, "FirewallRuleInfoMissing") \
	X(FIREWALL_RULE_PROTOCOL, 400, "FirewallRuleInvalidProtocol") \
	X(FIREWALL_RULE_ICMP, 400, "FirewallRuleInvalidICMPParameter") \
	X(FIREWALL_RULE_NO_PROTOCOL, 400, "FirewallRuleWithPortWithoutProtocolInvalid") \
	X(FIREWALL_RULE_PORT, 400, "FirewallRuleInvalidPortValue") \
	X(FIREWALL_RULE_FAMILY, 400, "FirewallIpAddressConflict") \
	X(IKE_POLICY_NOT_FOUND, 404, "IKEPolicyNotFound") \
	X(IKE_POLICY_IN_USE, 409, "IKEPolicyInUse") \
	X(IPSEC_POLICY_NOT_FOUND, 404, "IPsecPolicyNotFound") \
	X(IPSEC_POLICY_IN_USE, 409, "IPsecPolicyInUse") \
	X(VPNSERVICE_NOT_FOUND, 404, "VPNServiceNotFound") \
	X(VPNSERVICE_IN_USE, 409, "VPNServiceInUse") \
	X(ROUTER_HAS_VPN, 409, "RouterInUseByVPNService") \
	X(SUBNET_HAS_VPN, 409, "SubnetInUseByVPNService") \
	X(SUBNET_IN_ENDPOINT_GROUP, 409, "SubnetInUseByEndpointGroup") \
	X(SUBNET_NOT_CONNECTED, 400, "SubnetIsNotConnectedToRouter") \
	X(ROUTER_NOT_EXTERNAL, 400, "RouterIsNotExternal") \
	X(ENDPOINT_GROUP_NOT_FOUND, 404, "VPNEndpointGroupNotFound") \
	X(ENDPOINT_GROUP_IN_USE, 409, "EndpointGroupInUse") \
	X(ENDPOINT_GROUP_TYPE, 400, "WrongEndpointGroupType") \
	X(ENDPOINT_GROUP_REQUIRED, 400, "MissingRequiredEndpointGroup") \
	X(ENDPOINT_GROUP_INVALID, 400, "InvalidEndpointGroup") \
	X(ENDPOINT_INVALID, 400, "InvalidEndpointInEndpointGroup") \
	X(ENDPOINTS_MISSING, 400, "MissingEndpointForEndpointGroup") \
	X(PEER_CIDRS_MISSING, 400, "MissingPeerCidrs") \
	X(PEER_CIDRS_INVALID, 400, "PeerCidrsInvalid") \
	X(IPSEC_SITE_CONNECTION_NOT_FOUND, 404, "IPsecSiteConnectionNotFound") \
	X(IPSEC_DPD, 400, "IPsecSiteConnectionDpdIntervalValueError") \
	X(IPSEC_MTU, 400, "IPsecSiteConnectionMtuError") \
	X(IPSEC_NOT_SERVED, 400, "IpsecValidationFailure") \
	X(IPSEC_MIXED_CIDRS, 400, "MixedIPVersionsForPeerCidrs") \
	X(IPSEC_MIXED_ENDPOINTS, 400, "MixedIPVersionsForIPSecEndpoints") \
	X(IPSEC_MIXED_ENDS, 400, "MixedIPVersionsForIPSecConnection") \
	X(PORT_SECURITY_REQUIRED, 400, "PortSecurityAndIPRequiredForSecurityGroups") \
	X(PORT_HAS_GROUP, 409, "PortSecurityPortHasSecurityGroup") \
	X(INVALID_CIDR, 400, "InvalidCIDR") \
	X(QOS_POLICY_NOT_FOUND, 404, "QosPolicyNotFound") \
	X(QOS_POLICY_IN_USE, 409, "QosPolicyInUse") \
	X(QOS_POLICY_REMOVE, 403, "PolicyRemoveAuthorizationError") \
	X(QOS_DEFAULT_EXISTS, 409, "QoSPolicyDefaultAlreadyExists") \
	X(QOS_RULE_NOT_FOUND, 404, "QosRuleNotFound") \
	X(QOS_RULES_CONFLICT, 409, "QoSRulesConflict") \
	X(QOS_RULE_VALUE, 409, "QoSRuleParameterConflict") \
	X(NOT_IMPLEMENTED, 501, "NotImplementedError") \
	X(METERING_LABEL_NOT_FOUND, 404, "MeteringLabelNotFound")                  \
	X(METERING_RULE_NOT_FOUND, 404, "MeteringLabelRuleNotFound")               \
	X(METERING_RULE_OVERLAPS, 409, "MeteringLabelRuleOverlaps")                \
	X(LOG_NOT_FOUND, 404, "LogResourceNotFound")                               \
	X(LOG_TYPE, 400, "InvalidLogResourceType")                                 \
	X(LOG_RESOURCE_NOT_FOUND, 404, "ResourceNotFound")                         \
	X(LOG_TARGET_NOT_FOUND, 404, "TargetResourceNotFound")                     \
	X(LOG_CONSTRAINT, 400, "InvalidResourceConstraint")                        \
	X(QUOTA_NOT_FOUND, 404, "TenantQuotaNotFound")                             \
	X(RBAC_NOT_FOUND, 404, "RbacPolicyNotFound")                               \
	X(RBAC_IN_USE, 409, "RbacPolicyInUse")                                     \
	X(RBAC_EXISTS, 409, "DuplicateRbacPolicy")                                    \
	X(INVALID_SHARED, 409, "InvalidSharedSetting")                             \
	X(REVISION_MISMATCH, 412, "RevisionNumberConstraintFailed")                \
	X(TOO_LARGE, 413, "RequestTooLarge")                                       \
	X(TOO_MANY_REQUESTS, 429, "TooManyRequests")                               \
	X(UNAVAILABLE, 503, "ServiceUnavailable")                                  \
	X(KEYSTONE_UNREACHABLE, 503, "ServiceUnavailable")                         \
	X(STORE_CORRUPT, 500, "StoreCorrupt")                                      \
	X(STORE_VERSION, 500, "StoreVersion")                                      \
	X(VIEW_CORRUPT, 500, "ViewCorrupt")                                        \
	X(DEVICE_NOT_FOUND, 404, "DeviceNotFound")                                 \
	X(DEVICE_BUSY, 409, "DeviceBusy")                                          \
	X(KERNEL, 500, "KernelError")                                              \
	X(INVALID_DHCP_AGENT, 404, "InvalidDHCPAgent")                             \
	X(INVALID_L3_AGENT, 404, "InvalidL3Agent")                                 \
	X(NETWORK_HOSTED, 409, "NetworkHostedByDHCPAgent")                         \
	X(NETWORK_NOT_HOSTED, 409, "NetworkNotHostedByDhcpAgent")                  \
	X(CANNOT_ASSIGN_ROUTER, 409, "DVRL3CannotAssignToDvrAgent")                \
	X(CANNOT_REMOVE_ROUTER, 409, "DVRL3CannotRemoveFromDvrAgent")              \
	X(AUTO_ALLOCATION, 409, "AutoAllocationFailure")                           \
	X(FLAVOR_NOT_FOUND, 404, "FlavorNotFound")                                 \
	X(FLAVOR_IN_USE, 409, "FlavorInUse")                                       \
	X(FLAVOR_PROFILE_EXISTS, 409, "FlavorServiceProfileBindingExists")         \
	X(FLAVOR_PROFILE_NOT_FOUND, 404, "FlavorServiceProfileBindingNotFound")    \
	X(FLAVOR_DISABLED, 503, "FlavorDisabled")                                  \
	X(BGP_SPEAKER_NOT_FOUND, 404, "BgpSpeakerNotFound")                        \
	X(BGP_PEER_NOT_FOUND, 404, "BgpPeerNotFound")                              \
	X(BGP_PEER_NOT_AUTHENTICATED, 404, "BgpPeerNotAuthenticated")              \
	X(BGP_PEER_PASSWORD, 400, "InvalidBgpPeerMd5Authentication")               \
	X(BGP_PEER_NOT_ASSOCIATED, 404, "BgpSpeakerPeerNotAssociated")             \
	X(BGP_PEER_EXISTS, 409, "DuplicateBgpPeerIpException")                     \
	X(BGP_NETWORK_NOT_ASSOCIATED, 404, "BgpSpeakerNetworkNotAssociated")       \
	X(BGP_NETWORK_EXISTS, 409, "BgpSpeakerNetworkBindingError")                \
	X(BGP_AGENT_INVALID, 404, "DrAgentInvalid")                                \
	X(BGP_AGENT_NOT_HOSTING, 404, "DrAgentNotHostingBgpSpeaker")               \
	X(BGP_AGENT_EXISTS, 409, "DrAgentAssociationError")                        \
	X(SERVICE_PROFILE_DISABLED, 503, "ServiceProfileDisabled")                 \
	X(SERVICE_PROFILE_NOT_FOUND, 404, "ServiceProfileNotFound")                \
	X(SERVICE_PROFILE_IN_USE, 409, "ServiceProfileInUse")                      \
	X(SERVICE_PROFILE_EMPTY, 400, "ServiceProfileEmpty")                       \
	X(SERVICE_PROFILE_DRIVER_NOT_FOUND, 404, "ServiceProfileDriverNotFound")   \
	X(SERVICE_NOT_PROVIDED, 400, "ServiceNotProvided")                         \
	X(PROVIDER_UNAVAILABLE, 503, "ServiceProviderUnavailable")                 \
	X(TIMEOUT, 504, "Timeout")
/* clang-format on */

enum weft_error {
#define X(code, status, type) WEFT_ERROR_##code,
	WEFT_ERRORS(X)
#undef X
		WEFT_N_ERRORS
};

#define WEFT_ERROR (weft_error_quark())
GQuark weft_error_quark(void);

/* HTTP status of an error: of its code when it is in our domain, else 500. */
unsigned weft_error_status(const GError *error);

/* Type name that clients see: of its code when it is in our domain, else "InternalServerError".
 * Static. */
const char *weft_error_type(const GError *error);

/* Sets @error to @code with a formatted message. Always returns false. */
bool weft_fail_code(GError **error, enum weft_error code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
#define weft_fail(error, code, ...) weft_fail_code((error), WEFT_ERROR_##code, __VA_ARGS__)

/* The same, appending ": <strerror(errnum)>". @errnum is positive. Always returns false. */
bool weft_fail_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);
