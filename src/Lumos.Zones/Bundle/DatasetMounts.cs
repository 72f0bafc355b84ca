namespace Lumos.Zones.Bundle;

/// <summary>
/// A zone's own datasets are mounted before its init runs, so that nothing starts without its data. Whoever is init does it, as the
/// zone's root and behind all its fences, since where they go and what is there is the tenant's: the platform's shell, which
/// has zfs mount them and then becomes the init that was asked for. What zfs cannot mount it tells on the console, and the zone goes on.
/// </summary>
internal static class DatasetMounts
{
    // A zone that has just ended may still be about to unmount them: what is busy is tried again, for some seconds.
    private const string Script = """
        n=0
        while :; do
            said=$("$0" mount -a 2>&1)
            case $said in *busy*) [ $n -lt 40 ] || break;; *) break;; esac
            n=$((n+1)); sleep 0.2
        done
        [ -z "$said" ] || echo "$said"
        exec "$@"
        """;

    /// <summary>The words of a program that mounts all and becomes the other one.</summary>
    internal static IReadOnlyList<string> Before(IReadOnlyList<string> init, ZoneBrand brand) =>
        [brand.PlatformPrefix + "/bin/busybox", "sh", "-c", Script, brand.PlatformPrefix + "/sbin/zfs", .. init];
}
