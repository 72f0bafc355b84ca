namespace Lumos.Zones.Docker;

/// <summary>
/// A program that has no init before it finds its network there when it starts. A static address is; one of DHCP comes while the zone
/// runs: the platform's shell waits for it, for some seconds at most, and becomes the program.
/// </summary>
internal static class DockerAddress
{
    private const string Script = """
        for i in $0; do
            n=0
            while [ $n -lt 100 ]; do
                case $(/native/bin/busybox ip -4 addr show dev $i) in *" inet "*) break;; esac
                n=$((n+1))
                /native/bin/busybox sleep 0.1
            done
        done
        exec "$@"
        """;

    /// <summary>The words of a program that waits for the addresses and becomes the other one; the same words where there is nothing to wait for.</summary>
    internal static IReadOnlyList<string> Before(IReadOnlyList<string> program, ZoneSpec zone) =>
        zone.Nics.Where(nic => nic.UsesDhcp).Select(nic => nic.Interface).ToArray() is { Length: > 0 } names
            ? [zone.Brand.PlatformPrefix + "/bin/busybox", "sh", "-c", Script, string.Join(' ', names), .. program]
            : program;
}
