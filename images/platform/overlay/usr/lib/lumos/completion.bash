# Completion of vmadm and imgadm for bash: one file for both, for the global zone (sourced by /etc/bash.bashrc) and for
# Debian's bash-completion, which loads it by the names of the commands. It needs no function of anybody else's.
#
# The words are read as the user sees them: bash hands "state=run" over as three. What is offered after the last "=" or
# ":" or "," is the end of such a word only. The lists are what vmadm and imgadm have; tests compare them.

_lumos_vm_fields='accelerator alias autoboot billing_id boot_delay boot_priority boot_timestamp brand cpu_cap cpu_shares cpu_type create_timestamp dns_domain
    do_not_inventory docker exit_status exit_timestamp firewall_enabled flexible_disk_size free_space hostname hvm image_uuid
    indestructible_delegated indestructible_zoneroot max_locked_memory max_lwps max_physical_memory max_swap owner_uuid package_name
    package_version pid qemu_extra_opts quota ram run_state state tmpfs type uuid vcpus zfs_io_priority zone_state zoneid zonename zonepath
    zpool'
_lumos_vm_properties='alias archive_on_delete autoboot billing_id boot_delay boot_priority cpu_cap cpu_shares dns_domain do_not_inventory docker firewall_enabled fs_allowed
    hostname indestructible_delegated indestructible_zoneroot init_name internal_metadata_namespaces kernel_version limit_priv maintain_resolvers max_locked_memory max_lwps
    max_msg_ids max_physical_memory max_sem_ids max_shm_ids max_shm_memory max_swap owner_uuid package_name package_version quota ram
    resolvers restart_init tmpfs zfs_data_compression zfs_data_recsize zfs_filesystem_limit zfs_io_priority zfs_root_compression zfs_root_recsize
    zfs_snapshot_limit zlog_max_size'
_lumos_image_fields='uuid name version os type pub published_at published_date description state disabled public owner origin urn homepage
    source zpool clones size requirements.min_ram requirements.max_ram requirements.min_platform'

# Sets cur, prev, words and operands (those before the cursor that are no options; the verb is operands[0]).
_lumos_words() {
    local i word
    words=() operands=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]] && [[ -n $word || $i -eq $COMP_CWORD ]] && ((${#words[@]} > 1)); then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    cur=${words[${#words[@]} - 1]}
    prev=${words[${#words[@]} - 2]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        [[ ${words[i]} == -* ]] || operands+=("${words[i]}")
    done
}

# Offers those of the words given that begin as the current one does.
_lumos_offer() {
    local before=''
    COMPREPLY=($(compgen -W "$*" -- "$cur"))
    # Readline has only what stands after the last = or : in its hand.
    [[ $cur == *[=:]* ]] && before=${cur%"${cur##*[=:]}"}
    ((${#COMPREPLY[@]} == 0)) || COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

# The same for a list with commas between, and a "-" before a field that is sorted downwards.
_lumos_offer_list() {
    local before='' all=() word
    [[ $cur == *,* ]] && before=${cur%,*},
    [[ ${cur##*,} == -* ]] && before+=-
    for word in $1; do
        all+=("$before$word")
    done
    compopt -o nospace 2>/dev/null
    _lumos_offer "${all[*]}"
}

# UUIDs; or the one whose alias (or name) begins so. The lines on standard input are a UUID and such a name each.
_lumos_offer_uuids() {
    local uuid name uuids=() named=() names=()
    while read -r uuid name; do
        uuids+=("$uuid")
        if [[ -n $cur && -n $name && $name != - && $name == "$cur"* ]]; then
            named+=("$uuid") names+=("$name")
        fi
    done
    _lumos_offer "${uuids[*]}"
    if ((${#COMPREPLY[@]} == 0 && ${#named[@]} == 1)); then
        COMPREPLY=("${named[0]}")
    elif ((${#COMPREPLY[@]} == 0)); then
        COMPREPLY=("${names[@]}")
    fi
}

_lumos_offer_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
}

_lumos_vms() {
    _lumos_offer_uuids < <(vmadm list -H -o uuid,alias "$@" 2>/dev/null)
}

_lumos_filters() {
    case $cur in
        state=* | zone_state=*) _lumos_offer "${cur%%=*}="{configured,incomplete,provisioning,receiving,failed,stopped,ready,running,shutting_down,down} ;;
        brand=*) _lumos_offer brand={builder,joyent,joyent-minimal,lx} ;;
        type=*) _lumos_offer type={OS,LX,KVM,BHYV} ;;
        archive_on_delete=* | autoboot=* | *_protected=* | indestructible_*=*) _lumos_offer "${cur%%=*}="{true,false} ;;
        uuid=*) _lumos_offer $(vmadm list -H -o uuid 2>/dev/null | sed 's/^/uuid=/') ;;
        alias=*) _lumos_offer $(vmadm list -H -o alias 2>/dev/null | sed 's/^/alias=/') ;;
        *=*) ;;
        *)
            compopt -o nospace 2>/dev/null
            _lumos_offer $(printf '%s= ' $_lumos_vm_fields) tags. nics.\*.{ip,mac,nic_tag,vlan_id}= "$@"
            ;;
    esac
}

# The names of the snapshots of a VM, oldest first.
_lumos_snapshots() {
    vmadm lookup -j -o snapshots "uuid=$1" 2>/dev/null | sed -n 's/^ *"name": "\([^"]*\)",\{0,1\}$/\1/p'
}

_vmadm() {
    local cur prev words operands verb uuid
    _lumos_words
    COMPREPLY=()
    if ((${#operands[@]} == 0)); then
        _lumos_offer console create create-snapshot delete delete-snapshot events get help info install kill list lookup migrate reboot receive \
            reprovision rollback-snapshot send start stop sysrq update validate
        return
    fi
    verb=${operands[0]} uuid=${operands[1]}
    case $verb,$prev in
        list,-o | list,-s | list,--order | list,--sortby | lookup,-o | lookup,--output) _lumos_offer_list "$_lumos_vm_fields"; return ;;
        create,-f | update,-f | reprovision,-f | validate,-f | receive,-f | recv,-f | *,--file) _lumos_offer_files; return ;;
        send,-i | send,--from) _lumos_offer $(_lumos_snapshots "$uuid"); return ;;
        kill,-s) _lumos_offer HUP INT QUIT KILL TERM USR1 USR2 STOP CONT; return ;;
        stop,-t | reboot,-t | *,--resume) return ;;
    esac
    if [[ $cur == -* ]]; then
        case $verb in
            create | update) _lumos_offer -f --file --strict --json-result ;;
            reprovision) _lumos_offer -f --file --strict --keep-state --json-result ;;
            validate) _lumos_offer -f --file --strict ;;
            start | boot) _lumos_offer --clear-failed --json-result ;;
            stop | halt | reboot) _lumos_offer -F -t --force --timeout --json-result ;;
            list) _lumos_offer -p -H -h -o -s --parsable --header --order --sortby ;;
            lookup) _lumos_offer -j -1 -o --json --unique --output ;;
            events) _lumos_offer -f -j -r --full --json --ready ;;
            send) _lumos_offer -i --from --resume --live --full ;;
            receive | recv) _lumos_offer -f --file --check --token --json-result ;;
            rollback-snapshot) _lumos_offer --keep-state --keep-config --json-result ;;
            migrate) _lumos_offer -n -e --dry-run --rsh --full --finish --abort --force --json-result ;;
            console) _lumos_offer -w --web ;;
            kill) _lumos_offer -s -HUP -INT -KILL -TERM -USR1 -USR2 --json-result ;;
            delete | destroy | create-snapshot | delete-snapshot | install | sysrq) _lumos_offer --json-result ;;
        esac
        return
    fi
    case $verb,${#operands[@]} in
        list,* | lookup,*) _lumos_filters ;;
        validate,1) _lumos_offer create update ;;
        validate,2) [[ $uuid == update ]] && _lumos_offer builder joyent joyent-minimal lx ;;
        help,1) _lumos_offer console create create-snapshot delete delete-snapshot events get info install kill list lookup migrate reboot receive \
            reprovision rollback-snapshot send start stop sysrq update validate $_lumos_vm_properties ;;
        start,1 | boot,1) _lumos_vms state='~^(stopped|failed|provisioning|ready|down)$' ;;
        stop,1 | halt,1 | reboot,1 | console,1) _lumos_vms state='~^(running|provisioning|failed|ready|shutting_down|down)$' ;;
        install,1) _lumos_vms state=receiving ;;
        create,* | receive,* | recv,*) [[ $prev == --token ]] && _lumos_vms state=receiving ;;
        delete-snapshot,2 | rollback-snapshot,2) _lumos_offer $(_lumos_snapshots "$uuid") ;;
        update,1) _lumos_vms ;;
        update,*)
            compopt -o nospace 2>/dev/null
            [[ $cur == *=* ]] || _lumos_offer $(printf '%s= ' $_lumos_vm_properties)
            ;;
        info,2) _lumos_offer all block blockstats chardev cpus kvm pci spice status version vnc ;;
        sysrq,2) _lumos_offer nmi screenshot ;;
        *,1) _lumos_vms ;;
    esac
}

_imgadm() {
    local cur prev words operands verb
    _lumos_words
    COMPREPLY=()
    if ((${#operands[@]} == 0)); then
        if [[ $cur == -* ]]; then
            _lumos_offer -h --help --version -E -v --verbose
        else
            _lumos_offer ancestry avail create delete get help import install list publish show sources update vacuum
        fi
        return
    fi
    verb=${operands[0]}
    case $verb,$prev in
        list,-[os] | avail,-[os] | ancestry,-[os]) _lumos_offer_list "$_lumos_image_fields"; return ;;
        create,-[mso] | create,--output-template | install,-[mf] | install,--manifest | install,--file | publish,-[mf] | publish,--manifest | publish,--file | *,--key-file) _lumos_offer_files; return ;;
        *,-P | *,--pool) _lumos_offer $(zpool list -H -o name 2>/dev/null); return ;;
        sources,-d | *,-S | *,--source) _lumos_offer $(imgadm sources 2>/dev/null); return ;;
        create,-c | create,--compression) _lumos_offer none gzip bzip2 xz zstd; return ;;
        sources,-t) _lumos_offer imgapi dsapi; return ;;
        sources,-a | *,-C | *,--channel) return ;;
    esac
    if [[ $cur == -* ]]; then
        case $verb in
            list | avail) _lumos_offer -j -H -o -s --json ;;
            ancestry) _lumos_offer -j -H -o -s -P --json --pool ;;
            sources) _lumos_offer -a -d -e -c -j -v -k -f -t --add-source --del-source --edit --key-file --check --json --verbose --insecure --force --type ;;
            import) _lumos_offer -q -C -P -S --quiet --channel --pool --source --zstream ;;
            install) _lumos_offer -m -f -P -q --manifest --file --pool --quiet --sha256 ;;
            show) _lumos_offer -S -C --source --channel ;;
            get | info) _lumos_offer -r -P -j --pool --json ;;
            delete | destroy) _lumos_offer -P --pool ;;
            create) _lumos_offer -m -o -p -c -i -s -q --output-template --publish --key-file --compression --incremental --max-origin-depth --quiet ;;
            publish) _lumos_offer -m -f -q --manifest --file --key-file --quiet ;;
            update) _lumos_offer -n --dry-run ;;
            vacuum) _lumos_offer -n -f --dry-run --force ;;
        esac
        return
    fi
    case $verb in
        create) ((${#operands[@]} == 1)) && _lumos_vms ;;
        update) _lumos_offer_uuids < <(imgadm list -H -o uuid,name 2>/dev/null) ;;
        get | info | delete | destroy | ancestry) ((${#operands[@]} == 1)) && _lumos_offer_uuids < <(imgadm list -H -o uuid,name 2>/dev/null) ;;
        list | avail)
            case $cur in
                type=*) _lumos_offer type={zone-dataset,lx-dataset,zvol} ;;
                os=*) _lumos_offer os={smartos,linux,other} ;;
                *=*) ;;
                *)
                    compopt -o nospace 2>/dev/null
                    _lumos_offer $(printf '%s= ' $_lumos_image_fields)
                    ;;
            esac
            ;;
        help) _lumos_offer ancestry avail create delete get import install list show sources vacuum ;;
    esac
}

complete -F _vmadm vmadm
complete -F _imgadm imgadm
