#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first process of tests/lib/vm.py's machine. It runs twice: as /init of the initramfs, where it puts the root
# together and moves there; then on that root with the word "guest", where it runs the command with the host's own
# programs and ends the machine. What goes wrong is said on the console, which vm.py shows when no status came.
#
# In the initramfs: /bin/busybox, /modules (`order` names them, one a line), /command (a shell script), /settings
# (shell assignments: `modules`, where the host keeps the kernel's).
set -e

if [ "$1" != guest ]; then
	trap 'echo "vm: init failed: ${step:-the first mounts}"; /bin/busybox reboot -f' EXIT
	/bin/busybox --install -s /bin
	export PATH=/bin
	mkdir -p /proc /sys /dev /lower /cover /root
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev
	while read -r module; do
		step=$module
		insmod "/modules/$module"
	done </modules/order
	step="the host's files"
	mount -t virtiofs -o ro host /lower
	# What is written stays in memory.
	step='the layer for what is written'
	mount -t tmpfs tmpfs /cover
	mkdir /cover/upper /cover/work
	mount -t overlay -o lowerdir=/lower,upperdir=/cover/upper,workdir=/cover/work overlay /root
	step='/run'
	mount -t tmpfs -o mode=0755 tmpfs /root/run
	mkdir -p /root/run/vm/ports
	cp /init /bin/busybox /command /settings /root/run/vm/
	for each in proc sys dev; do
		step=/$each
		mount --move "/$each" "/root/$each"
	done
	trap - EXIT
	exec switch_root /root /bin/sh /run/vm/init guest
fi

trap 'echo "vm: init failed: $step"; /run/vm/busybox reboot -f' EXIT
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
. /run/vm/settings
step='/dev'
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=0620,ptmxmode=0666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
ln -sf /proc/self/fd /dev/fd
# Where modprobe(8) looks, which the kernel calls too.
step="the kernel's modules"
mkdir -p /lib/modules
mount --bind "$modules" /lib/modules
modprobe tun
step='the loopback interface'
ip link set lo up
step='the ports to the host'
for each in /sys/class/virtio-ports/*; do
	ln -s "/dev/${each##*/}" "/run/vm/ports/$(cat "$each/name")"
done
step='the command'
status=0
setsid sh /run/vm/command </dev/null >/run/vm/ports/stdout 2>/run/vm/ports/stderr || status=$?
echo "$status" >/run/vm/ports/status
# Whatever it left running ends here.
trap - EXIT
/run/vm/busybox reboot -f
