# For interactive shells, those of a login included (/etc/profile).
[ -n "$PS1" ] || return 0

PS1='[\u@\h \w]\$ '
shopt -s checkwinsize
[ -r /usr/lib/lumos/completion.bash ] && . /usr/lib/lumos/completion.bash
