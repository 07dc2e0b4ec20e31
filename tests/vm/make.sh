#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make what run.sh boots, in STACK_VM_CACHE (/var/cache/stack-vm): Debian's own kernel, an initramfs that finds the
# root disk, a root file system with what `stack` links and what the tests call.  Made once for each version of
# this script; takes about a minute.
set -euo pipefail
version=$(sha256sum <"$0")
dir=${STACK_VM_CACHE:-/var/cache/stack-vm}
mkdir -p "$dir"
cd "$dir"
[ "$(cat complete 2>/dev/null)" != "$version" ] || exit 0
rm -f complete

packages=systemd,systemd-sysv,dbus,kmod,iproute2,iptables,busybox-static,netcat-openbsd,procps,curl,jq,strace,bash
packages+=,util-linux,libyaml-0-2,libnl-3-200,libnl-route-3-200,libip4tc2,libip6tc2,libuv1,libseccomp2,libjansson4
packages+=,libarchive13,libnettle8,libnetfilter-conntrack3,libcurl3-gnutls,apparmor,nftables,python3,wget

get_kernel() {
	local package
	package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
	rm -rf kernel
	apt-get -qq download "$package" 2>/dev/null
	dpkg-deb -x "$package"_*.deb kernel
	rm -f "$package"_*.deb
	release=$(ls kernel/lib/modules)
	depmod -b kernel "$release" 2>/dev/null || true
}

# The ELF image inside of the bzImage: it needs no decompression by an emulated processor.
unpack_kernel() {
	python3 - kernel/boot/vmlinuz-"$release" <<-'PY'
		import lzma, sys
		data = open(sys.argv[1], "rb").read()
		at = data.find(b"\xfd7zXZ\x00")
		while at >= 0:
		    try:
		        image = lzma.LZMADecompressor().decompress(data[at:])
		        if image[:4] == b"\x7fELF":
		            open("vmlinux", "wb").write(image)
		            sys.exit()
		    except lzma.LZMAError:
		        pass
		    at = data.find(b"\xfd7zXZ\x00", at + 1)
		sys.exit("make.sh: no kernel found in " + sys.argv[1])
	PY
}

make_initrd() {
	local module file
	rm -rf initrd
	mkdir -p initrd/{bin,proc,sys,dev,root,modules}
	cp "$(command -v busybox)" initrd/bin/busybox
	for module in virtio_pci virtio_blk ext4 crc32c_generic 9p 9pnet_virtio; do
		for file in $(modprobe -d kernel -S "$release" --show-depends $module | awk '/^insmod/ { print $2 }'); do
			[ -e "initrd/modules/$(basename "$file")" ] || {
				cp "$file" initrd/modules/
				basename "$file" >>initrd/modules/order
			}
		done
	done
	cat >initrd/init <<-'INIT'
		#!/bin/busybox sh
		b=/bin/busybox
		$b mount -t proc proc /proc
		$b mount -t sysfs sysfs /sys
		$b mount -t devtmpfs dev /dev
		for module in $($b cat /modules/order); do $b insmod /modules/$module; done
		n=0
		while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do $b usleep 20000; n=$((n + 1)); done
		$b mount -t ext4 -o rw,noatime,nobarrier /dev/vda /root || $b sh
		init=/sbin/init
		for word in $($b cat /proc/cmdline); do
			case $word in testinit=*) init=${word#testinit=} ;; esac
		done
		$b mount --move /dev /root/dev
		$b umount /sys /proc
		exec $b switch_root /root $init
	INIT
	chmod +x initrd/init
	(cd initrd && find . | cpio --quiet -o -H newc | gzip -1) >initrd.gz
	rm -rf initrd
}

# Drivers of real hardware are of no use here.
copy_modules() {
	local drivers=root/lib/modules/$release/kernel/drivers
	mkdir -p root/lib/modules
	cp -a "kernel/lib/modules/$release" root/lib/modules/
	rm -rf "root/lib/modules/$release/kernel/sound" "$drivers"/{gpu,media,infiniband,staging,scsi,usb,hid,iio} \
		"$drivers"/{isdn,bluetooth,mtd,input,hwmon,ata,mmc,nvme,thunderbolt,nfc} \
		"$drivers"/net/{ethernet,wireless,can,usb,wwan}
	depmod -b root "$release"
}

# The command to run comes over 9p, its output goes to the second serial port, its status back over 9p.
add_runner() {
	cat >root/usr/local/sbin/run-test <<-'RUN'
		#!/bin/sh
		options=trans=virtio,version=9p2000.L,msize=262144
		mkdir -p /run/ctl
		mount -t 9p -o $options ctl /run/ctl
		while read -r tag dir mode; do
			mkdir -p "$dir"
			mount -t 9p -o $options,$mode "$tag" "$dir"
		done </run/ctl/mounts
		stty -F /dev/ttyS1 raw -echo 2>/dev/null
		cd /
		sh /run/ctl/cmd </dev/null >/dev/ttyS1 2>&1
		echo $? >/run/ctl/rc
		sync
		echo o >/proc/sysrq-trigger
		sleep 60
	RUN
	cat >root/usr/local/sbin/simple-init <<-'INIT'
		#!/bin/sh
		# No systemd: the basic mounts, pure cgroup v2, the command.
		export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t tmpfs -o mode=755 tmpfs /run
		mkdir -p /dev/pts /dev/shm /run/lock
		ln -s /proc/self/fd /dev/fd
		mount -t devpts devpts /dev/pts
		mount -t tmpfs tmpfs /dev/shm
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		ip link set lo up
		hostname vm
		/usr/local/sbin/run-test &
		wait
		echo o >/proc/sysrq-trigger
		sleep 60
	INIT
	chmod +x root/usr/local/sbin/*
	cat >root/etc/systemd/system/run-test.service <<-'UNIT'
		[Service]
		Type=oneshot
		Environment=HOME=/root
		ExecStart=/usr/local/sbin/run-test
	UNIT
	mkdir -p root/etc/systemd/system/multi-user.target.wants
	ln -s ../run-test.service root/etc/systemd/system/multi-user.target.wants/
	for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
		systemd-timesyncd.service dpkg-db-backup.timer getty@.service serial-getty@.service; do
		ln -sf /dev/null root/etc/systemd/system/$unit
	done
}

get_kernel
unpack_kernel
make_initrd
rm -rf root
unshare --mount mmdebstrap --quiet --variant=minbase --include=$packages bookworm root </dev/null
copy_modules
add_runner
rm -rf root/var/cache/apt root/var/lib/apt/lists/* root/usr/share/{doc,man,locale}
echo vm >root/etc/hostname
: >root/etc/machine-id
truncate -s 2G rootfs.new
mke2fs -q -F -t ext4 -E root_owner=0:0 -d root rootfs.new
mv rootfs.new rootfs.ext4
rm -rf root kernel
echo "$version" >complete
