#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules that hold for every line of source, as a test.  Usage: tests/source.sh [ROOT]
# A line that must break a rule says why in a comment with the words "source.sh:".
set -u
shopt -s lastpipe # report() at the end of a pipe sets our variable
cd "${1:-$(dirname "$0")/..}" || exit 1
bad=0
mapfile -t c_files < <(find core net store cmd tests examples -name '*.[ch]' | sort)
mapfile -t product < <(find core net store cmd -name '*.[ch]' | sort)
mapfile -t scripts < <(find tests examples .ci cmd \( -name '*.sh' -o -name '*.cmake' -o -name run \) \
	-type f | sort)
[ ${#product[@]} -gt 0 ] || { echo "source.sh: no source found" >&2; exit 1; }

# Comments may talk about strcpy(); only code is judged.  Strings go too: "kill(" in a message is text.
code() {
	python3 - "$@" <<'PY'
import re, sys
skip = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
for path in sys.argv[1:]:
    text = open(path, encoding='utf-8').read()
    excused = {n for n, l in enumerate(text.split('\n'), 1) if 'source.sh:' in l}
    blank = lambda m: re.sub(r'[^\n]', ' ', m.group()) if m.group()[0] != '"' else '""' + '\n' * m.group().count('\n')
    for n, line in enumerate(skip.sub(blank, text).split('\n'), 1):
        if n not in excused and line.strip():
            print(f'{path}:{n}: {line}')
PY
}

# calls FILE...: every call of the functions below, joined over line ends, so that flags on the next line count
openers='open|openat|openat2|fsopen|fsmount|socket|socketpair|pipe|pipe2|accept|accept4|dup|dup2|dup3'
openers="$openers|memfd_create|epoll_create|epoll_create1|eventfd|signalfd|timerfd_create|inotify_init"
openers="$openers|inotify_init1|fopen|fdopen|mkostemp|mkstemp"
calls() {
	python3 - "$openers" "$@" <<'PY'
import re, sys
skip = re.compile(r'//[^\n]*|/\*.*?\*/', re.S)
name = re.compile(r'(?<![\w.>])(' + sys.argv[1] + r')\s*\(')
for path in sys.argv[2:]:
    raw = open(path, encoding='utf-8').read()
    excused = {n for n, l in enumerate(raw.split('\n'), 1) if 'source.sh:' in l}
    text = skip.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), raw)
    for m in name.finditer(text):
        depth, end = 1, m.end()
        while depth and end < len(text):
            depth += {'(': 1, ')': -1}.get(text[end], 0)
            end += 1
        line = text.count('\n', 0, m.start()) + 1
        if line not in excused and '\n#' != text[m.start() - 2:m.start()]:
            print(f'{path}:{line}: {" ".join(text[m.start():end].split())}')
PY
}

report() { # WHY: complain about every line on stdin
	local found
	found=$(cat)
	[ -z "$found" ] && return 0
	printf '%s\n  ^ %s\n' "$found" "$1" >&2
	bad=1
}

find_code() { # PATTERN
	grep -P ":\d+:.*$1" <<<"$product_code" || true
}

product_code=$(code "${product[@]}")
find_code '(?<![\w.>])(system|popen|strcpy|strcat|sprintf|vsprintf|gets|alloca|atoi|atol)\s*\(' |
	report "unbounded, unchecked or through a shell"
find_code '(?<![\w.>])(waitpid|wait|wait3|wait4|killpg)\s*\(' | report "children are waited for by pidfd (waitid P_PIDFD)"
find_code '(?<![\w.>])kill\s*\(' | report "a pid may be somebody else's by now: pidfd_send_signal"
find_code '(?<![\w.>])(sleep|usleep|nanosleep|clock_nanosleep)\s*\(' | report "wait for the event, not for a while"

calls "${product[@]}" | grep -vE 'CLOEXEC' |
	grep -vE ': (fdopen|pipe|dup|dup2|accept|epoll_create|inotify_init|mkstemp)\(' |
	grep -vE ': fopen\([^)]*"[rwa+]*e"' | grep -vE ': dup3\(' | grep -vE '\.h:' |
	report "every descriptor is close-on-exec from birth"
calls "${product[@]}" | grep -vE ': dup2\(.*, (0|1|2|STD[A-Z]+_FILENO|[a-z_]*target)\)$' |
	grep -E ': (pipe|dup|dup2|accept|epoll_create|inotify_init|mkstemp)\(' |
	report "the form that takes CLOEXEC exists: pipe2, F_DUPFD_CLOEXEC, dup3, accept4, mkostemp"

for file in "${c_files[@]}"; do
	head -1 "$file" | grep -qx '// SPDX-License-Identifier: GPL-2.0-or-later' ||
		echo "$file: the first line is not the SPDX line"
done | report "every file says its licence"
for file in "${scripts[@]}"; do
	head -2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || echo "$file: no SPDX line"
done | report "every file says its licence"

grep -nE '(TODO|FIXME|XXX|HACK)' "${c_files[@]}" "${scripts[@]}" CMakeLists.txt |
	grep -v '^tests/source\.sh:' | grep -vE 'XXXXXX|\.XXX' | report "finish it or leave it out"
grep -nP '[ \t]+$' "${c_files[@]}" "${scripts[@]}" | report "white space at the end of a line"

if command -v clang-format >/dev/null; then
	for file in "${c_files[@]}"; do
		clang-format "$file" | cmp -s - "$file" || echo "$file: clang-format -i changes it"
	done | report "one format (.clang-format)"
else
	echo "source.sh: no clang-format here, format not checked" >&2
fi
exit $bad
