# For method scripts: . /lib/svc/share/smf_include.sh

SMF_EXIT_OK=0
SMF_EXIT_NODAEMON=94
SMF_EXIT_ERR_FATAL=95
SMF_EXIT_ERR_CONFIG=96
SMF_EXIT_MON_DEGRADE=97
SMF_EXIT_MON_OFFLINE=98
SMF_EXIT_ERR_NOSMF=99
SMF_EXIT_ERR_PERM=100
SMF_EXIT_TEMP_DISABLE=101
SMF_EXIT_TEMP_TRANSIENT=102

# True when this script is run by svc.startd.
smf_present() {
    [ -S /run/svc/startd.sock ]
}

# The zone's name; "global" outside of all.
smf_zonename() {
    echo "${SMF_ZONENAME:-$(/usr/sbin/zonename)}"
}

smf_is_globalzone() {
    [ "$(smf_zonename)" = global ]
}

smf_is_nonglobalzone() {
    ! smf_is_globalzone
}

# Keeps these variables from what a daemon starts.
smf_clear_env() {
    unset SMF_FMRI SMF_METHOD SMF_RESTARTER SMF_ZONENAME
}
