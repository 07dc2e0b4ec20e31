#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boot a fresh virtual machine (Debian's kernel, emulated: no KVM is needed), run COMMAND in it as root, print what
# it prints, end with its status; 125: the machine did not come up or was not done in time.
# Usage: run.sh [-i systemd|simple] [-g v2|hybrid] [-t SECONDS] [-m MIB] [-s HOSTDIR:GUESTDIR[:ro]]... -- COMMAND...
set -u
dir=${STACK_VM_CACHE:-/var/cache/stack-vm}
init=simple cgroups=v2 seconds=300 memory=1536 shares=()
while getopts i:g:t:m:s: option; do
	case $option in
	i) init=$OPTARG ;;
	g) cgroups=$OPTARG ;;
	t) seconds=$OPTARG ;;
	m) memory=$OPTARG ;;
	s) shares+=("$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ "${1-}" != -- ] || shift

ctl=$(mktemp -d)
trap 'rm -rf "$ctl"' EXIT
printf '%s\n' "$*" >"$ctl/cmd"
: >"$ctl/mounts"
devices=(-virtfs "local,path=$ctl,mount_tag=ctl,security_model=none,multidevs=remap")
for share in ${shares[@]+"${shares[@]}"}; do
	IFS=: read -r host guest mode <<<"$share"
	tag=s${#devices[@]}
	devices+=(-virtfs "local,path=$host,mount_tag=$tag,security_model=none,multidevs=remap${mode:+,readonly=on}")
	echo "$tag $guest ${mode:-rw}" >>"$ctl/mounts"
done
append="console=ttyS0 loglevel=3 panic=-1 mitigations=off nokaslr random.trust_cpu=on systemd.show_status=0"
[ $cgroups = v2 ] || append="$append systemd.unified_cgroup_hierarchy=0"
[ $init = systemd ] || append="$append testinit=/usr/local/sbin/simple-init"

timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 1 -m "$memory" -nodefaults \
	-no-user-config -display none -no-reboot -kernel "$dir/vmlinux" -initrd "$dir/initrd.gz" -append "$append" \
	-drive "file=$dir/rootfs.ext4,format=raw,if=none,id=disk,snapshot=on,cache=unsafe" \
	-device virtio-blk-pci,drive=disk -device virtio-rng-pci "${devices[@]}" \
	-serial "file:$ctl/console" -serial "file:$ctl/out" </dev/null >"$ctl/qemu" 2>&1
status=$?
cat "$ctl/out"
if [ ! -e "$ctl/rc" ]; then
	echo "run.sh: the machine ended without a status (qemu: $status)" >&2
	tail -n 40 "$ctl/console" "$ctl/qemu" >&2
	exit 125
fi
exit "$(cat "$ctl/rc")"
