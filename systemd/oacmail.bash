# Completion of `oacmail` in bash; click answers. It asks the program itself, since the command may ask for a password.
_oacmail() {
	local words=("${COMP_WORDS[@]}") at=$COMP_CWORD line
	# the option of the command in front of the program, which does not know it
	if [ "${words[1]-}" = --town ] && [ "$at" -gt 2 ]; then
		words=("${words[0]}" "${words[@]:3}") at=$((at - 2))
	fi
	COMPREPLY=()
	while IFS=, read -r kind value; do
		case $kind in
			dir | file) compopt -o default ;;
			plain) COMPREPLY+=("$value") ;;
		esac
	done < <(COMP_WORDS="${words[*]}" COMP_CWORD=$at _OACMAIL_COMPLETE=bash_complete "${OACMAIL_PROGRAM:-/opt/oacmail/venv/bin/oacmail}" 2>/dev/null)
}
complete -o nosort -F _oacmail oacmail
