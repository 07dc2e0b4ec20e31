# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of `stack` for bash.  Everything is asked of `stack` itself, so that there is no
# second list of commands and options to keep.

_stack_options() {
	"$@" 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u
}

_stack() {
	local cur=${COMP_WORDS[COMP_CWORD]} command='' i
	local -a global=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-f | -p | --file | --project-name | --project-directory | --env-file | --profile | \
			--progress | --ansi | --root | --run | --log-level)
			global+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
			((i++))
			;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $command:$cur in
	:-*) mapfile -t COMPREPLY < <(compgen -W "$(_stack_options "$1" help)" -- "$cur") ;;
	:* | help:*)
		mapfile -t COMPREPLY < <(compgen -W "$("$1" help 2>/dev/null |
			sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$cur")
		;;
	config:*)
		if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --explain ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$("$1" config --explain all 2>/dev/null)" -- "$cur")
		elif [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_stack_options "$1" help config)" -- "$cur")
		fi
		;;
	net:[!-]* | net:) mapfile -t COMPREPLY < <(compgen -W 'ls inspect' -- "$cur") ;;
	image:*)
		mapfile -t COMPREPLY < <(compgen -W "$("$1" image help 2>/dev/null |
			sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')" -f -- "$cur")
		;;
	*:-*) mapfile -t COMPREPLY < <(compgen -W "$(_stack_options "$1" help "$command")" -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$("$1" "${global[@]}" config --services 2>/dev/null)" -- "$cur") ;;
	esac
}

# The word after -f and its like, and all that is none of the above, are files.
complete -o default -F _stack stack
