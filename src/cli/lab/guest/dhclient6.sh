#!/bin/sh
# Applies what dhclient -6 was told in a guest namespace: the address, and name servers if there are none yet.
case $reason in
PREINIT6)
	ip link set "$interface" up
	;;
BOUND6 | RENEW6 | REBIND6)
	# RFC 8415 gives no prefix length: what is on the link, router advertisements say.
	ip -6 address replace "$new_ip6_address/128" dev "$interface"
	if [ -n "$new_dhcp6_name_servers" ] && ! grep -q nameserver "$WEFT_RESOLV" 2>/dev/null; then
		for one in $new_dhcp6_name_servers; do
			echo "nameserver $one"
		done >>"$WEFT_RESOLV"
	fi
	;;
EXPIRE6 | RELEASE6 | STOP6)
	ip -6 address delete "$old_ip6_address/128" dev "$interface"
	;;
esac
exit 0
