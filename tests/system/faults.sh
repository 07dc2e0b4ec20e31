#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# System calls that fail: supervisor, shim and what becomes the container run under strace, which makes the
# k-th call of a kind fail in each of them.  `up` comes through or says why; nothing crashes, nothing hangs,
# and an undisturbed `down` leaves nothing.
#
# libuv and malloc's users end a supervisor that cannot have a thread, a descriptor of the loop or memory (it
# aborts, and the guard starts the next one); a shim and a container's own processes never do.
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || skip "no strace"
strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"

# Call and errors, of which the k-th run takes the k-th.
faults='
accept4 EMFILE EINTR EAGAIN
bind ENOMEM EIO
bpf ENOMEM EPERM
capset EPERM
chdir EIO ENOMEM
clone ENOMEM EAGAIN
clone3 ENOMEM EAGAIN
close_range EIO ENOMEM
connect EAGAIN EINTR EIO
copy_file_range EIO ENOSPC
dup3 EMFILE EINTR
epoll_create1 EMFILE ENOMEM
epoll_ctl ENOMEM ENOSPC
epoll_pwait EINTR
eventfd2 EMFILE ENOMEM
execve ENOMEM EIO
execveat ENOMEM EIO
fchdir EIO
fchmod EIO
fchmodat EIO
fchown EIO
fchownat EIO
fcntl EMFILE EINTR
flock EINTR ENOMEM
fsconfig ENOMEM EIO
fsmount ENOMEM EMFILE
fsopen ENOMEM EMFILE
fstatfs EIO ENOMEM
fsync EIO ENOSPC
getdents64 EIO ENOMEM
getrandom EINTR EAGAIN
ioctl EIO EINTR
listen EIO
mkdir ENOSPC ENOMEM EIO
mkdirat ENOSPC ENOMEM EIO
mknodat ENOSPC ENOMEM EIO
mount ENOMEM EIO
mount_setattr ENOMEM EIO
move_mount ENOMEM EIO
newfstatat EIO ENOMEM
open_tree EMFILE ENOMEM
openat EMFILE ENOMEM EIO ENOSPC EINTR
openat2 EMFILE ENOMEM EAGAIN
pidfd_open EMFILE ENOMEM
pidfd_send_signal EIO
pipe2 EMFILE ENOMEM
pivot_root EIO
poll EINTR ENOMEM
prctl EIO
read EIO EINTR EAGAIN
readlink EIO ENOMEM
recvmsg EINTR EAGAIN ENOMEM EIO
renameat ENOSPC EIO
renameat2 ENOSPC EIO
seccomp ENOMEM EIO
sendmsg EINTR EAGAIN ENOMEM EIO
sendto ENOMEM EINTR
setgroups ENOMEM
sethostname EIO
setns ENOMEM EIO
setresgid EAGAIN
setresuid EAGAIN
setsockopt ENOMEM
socket EMFILE ENOMEM
socketpair EMFILE ENOMEM
statx EIO ENOMEM
symlinkat ENOSPC EIO
umount2 EIO
unlinkat EIO
unshare ENOMEM ENOSPC
vfork ENOMEM EAGAIN
waitid EINTR
write ENOSPC EIO EINTR EAGAIN
writev ENOSPC EIO
'

project faults <<'YML'
services:
  a:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    user: "1000"
    stop_grace_period: 0s
    ports: ["127.0.0.1:8081:80"]
    tmpfs: [/scratch]
    volumes: ["data:/data"]
volumes: {data: }
YML

# The programs find each other in their own directory.
mkdir "$T/bin"
cp "$BUILD"/stack "$BUILD"/stack-shim "$BUILD"/stack-image "$T/bin"
cp "$BUILD"/stack-supervisor "$T/bin/real-supervisor"
cat >"$T/bin/stack-supervisor" <<'SH'
#!/bin/sh
exec strace --seccomp-bpf -f -qq -o "$TRACE" -e trace="${INJECT%%:*}" -e inject="$INJECT" "$(dirname "$0")/real-supervisor" "$@"
SH
chmod +x "$T/bin/stack-supervisor"
export TRACE=$T/trace INJECT

# All that runs from $T/bin but the shims, which are what outlives a supervisor, and strace; the guard first.
end_disturbed() {
	local pid
	for pid in $(pgrep -f 'stack-shim guard' || :) $(pgrep -x strace || :) $(pgrep -f "$T/bin/real-supervisor" || :); do
		kill -KILL "$pid" 2>/dev/null || :
	done
	wait_for 5 "the disturbed supervisor ends" no_disturbed
}

no_disturbed() {
	! pgrep -x strace && ! pgrep -f "$T/bin/real-supervisor" && ! pgrep -f 'stack-shim guard'
}

runs=0 failed=0 aborted=0
disturb() { # CALL ERROR K
	INJECT=$1:error=$2:when=$3 CASE="$1 number $3 fails with $2"
	runs=$((runs + 1))
	rm -f "$TRACE"
	capture timeout --foreground -k 5 30 "$T/bin/stack" up -d
	case $status in
	0) ;;
	124 | 137) fail "up hangs" ;;
	*)
		failed=$((failed + 1))
		assert_match "says why" '[a-z]{3,} [a-z]{2,}' "$err"
		;;
	esac
	! grep -aE 'killed by SIG(SEGV|BUS|ILL|FPE|SYS)' "$TRACE" 2>/dev/null || fail "a process crashed (above)"
	! grep -qa 'killed by SIGABRT' "$TRACE" 2>/dev/null || aborted=$((aborted + 1))
	end_disturbed
	capture timeout --foreground -k 5 30 "$STACK" down -v
	[ "$status" = 0 ] || fail "down returned $status: $out $err"
	check_leaks || fail "something is left"
}

[ -z "${1-}" ] || { # CALL ERROR K: one alone
	disturb "$@"
	cat "$TRACE"
	exit 0
}
calls=0
while read -r call errors; do
	[ -n "$call" ] || continue
	calls=$((calls + 1))
	read -ra list <<<"$errors"
	n=0
	for k in 1 2 3 6 12; do
		[ $((k)) -le 3 ] || [ ${#list[@]} -gt 2 ] || continue
		disturb "$call" "${list[n % ${#list[@]}]}" "$k"
		n=$((n + 1))
	done
done <<<"$faults"
echo "- $calls system calls, $runs faults, $failed stopped 'up', which said why; $aborted ended the supervisor"
assert_between "system calls" 40 1000 $calls
