#!/bin/sh
# Applies what busybox's udhcpc was told, in a guest namespace and in a virtual machine alike.
# udhcpc gives the options as variables: ip mask router mtu dns domain search staticroutes.
resolv=${WEFT_RESOLV:-/etc/resolv.conf}
case $1 in
deconfig)
	ip -4 address flush dev "$interface"
	ip link set "$interface" up
	;;
bound | renew)
	[ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
	ip -4 address replace "$ip/$mask" dev "$interface"
	if [ -n "$staticroutes" ]; then # RFC 3442: with classless routes the router option is ignored
		set -- $staticroutes
		while [ $# -ge 2 ]; do
			case $2 in
			0.0.0.0) ip route replace "$1" dev "$interface" ;;
			*) ip route replace "$1" via "$2" dev "$interface" ;;
			esac
			shift 2
		done
	else
		for one in $router; do
			ip route replace default via "$one" dev "$interface"
			break
		done
	fi
	{
		[ -z "${search:-$domain}" ] || echo "search ${search:-$domain}"
		for one in $dns; do
			echo "nameserver $one"
		done
	} >"$resolv"
	;;
esac
exit 0
