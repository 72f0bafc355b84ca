namespace Lumos.Bench.Packages;

/// <summary>
/// A command line that installs Debian packages and has none of their services started: not now, and not with the next boot of the machine.
/// </summary>
/// <remarks>
/// Purpose: packages are wanted for their programs. Some bring a service that would listen on this machine from then on.
/// How: Debian asks /usr/sbin/policy-rc.d before a package's script starts or stops anything. Ours says no to whoever has a variable
/// in its environment, which is what the command below sets and all it starts inherits; everybody else's services are as before. Units of the
/// packages that were missing are disabled afterwards. A policy of somebody else's stays, and is asked instead of ours.
/// Failure: the file goes when the command ends, by a signal too. Killed for good, it stays behind without effect, since nobody has the
/// variable, and removes itself when it is asked next; what was under way goes on without starting anything.
/// Tests: ServicesHeldBackTests.
/// </remarks>
public static class ServicesHeldBack
{
    public const string Policy = "/usr/sbin/policy-rc.d";

    // $1: the policy's file; then packages up to "--"; then the command. One at a time, by a lock on a directory that is always there.
    private const string Script = """
        policy=$1; shift
        packages=
        while [ "$1" != -- ]; do packages="$packages $1"; shift; done
        shift
        exec 9</var/lib/dpkg
        flock 9
        mine() { [ -e "$policy" ] && { [ ! -s "$policy" ] || grep -qs '^# LumOS' "$policy"; }; }
        trap 'mine && rm -f "$policy"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        mine && rm -f "$policy"
        if [ ! -e "$policy" ]; then
            printf '%s\n' '#!/bin/sh' '# LumOS installs packages whose services are not to start. Nobody else is held back.' \
                '[ -z "$LUMOS_HOLDS_SERVICES" ] || exit 101' "[ -d /proc/$$ ] || rm -f \"\$0\"" 'exit 0' >"$policy"
            chmod 755 "$policy"
        fi
        LUMOS_HOLDS_SERVICES=1 "$@" 9<&-
        status=$?
        if [ $status = 0 ] && command -v systemctl >/dev/null; then
            for package in $packages; do
                for unit in $(dpkg -L "$package" 2>/dev/null | grep -E '/systemd/system/[^/@]+\.(service|socket|timer)$'); do
                    systemctl --quiet disable "${unit##*/}" 2>/dev/null
                done
            done
        fi
        exit $status
        """;

    /// <param name="packages">Those that were not installed before.</param>
    /// <param name="command">Installs them; its status is that of the whole.</param>
    /// <param name="policy">For tests.</param>
    public static IReadOnlyList<string> Around(IEnumerable<string> packages, IEnumerable<string> command, string policy = Policy) =>
        ["sh", "-c", Script, "lumos", policy, .. packages, "--", .. command];
}
