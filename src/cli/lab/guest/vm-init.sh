#!/bin/busybox sh
# /init of a lab's virtual machine: loads the modules of the network card, takes an address by DHCP, and runs commands
# that come on the second serial port (see lab/vm_exec.c for the other end).
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
for module in $(cat /modules.order); do
	insmod "$module" || echo "vm-init: insmod $module failed"
done
hostname "$(sed -n 's/.*weft.name=\([^ ]*\).*/\1/p' /proc/cmdline)"
echo "127.0.0.1 localhost $(hostname)" >/etc/hosts
ip link set lo up
ip link set eth0 up
# In the background for ever: asks again until somebody answers, and renews.
udhcpc -f -i eth0 -s /udhcpc.sh -T 1 -A 1 -O staticroutes -O mtu -O search -x "hostname:$(hostname)" &

stty -F /dev/ttyS1 raw -echo 115200
exec 3<>/dev/ttyS1
echo WEFT-READY
# "run NONCE BASE64" runs a command; whatever is still running ends first.
while read -r verb nonce text <&3; do
	[ -z "$job" ] || kill -9 -- "-$job" 2>/dev/null
	[ "$verb" = run ] || continue
	printf '%s' "$text" | base64 -d >/tmp/command
	setsid sh -c 'printf "\nWEFT-BEGIN %s\n" "$1"
		sh /tmp/command </dev/null 2>&1
		printf "\nWEFT-END %s %s\n" "$1" $?' sh "$nonce" >&3 &
	job=$!
done
poweroff -f
