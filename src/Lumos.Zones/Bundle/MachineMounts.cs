using System.Text.Json.Nodes;
using Lumos.Zones.Docker;

namespace Lumos.Zones.Bundle;

/// <summary>
/// What QEMU sees of the world: its program, libraries and firmware in the platform's /usr, and the few files that a process cannot do without.
/// The root below is a read-only directory with these names in it.
/// </summary>
internal static class MachineMounts
{
    /// <summary>Who QEMU is, in the zone: nobody that owns a file.</summary>
    internal static DockerUser User { get; } = new(1, 1, [], "/");

    /// <summary>The directories in the root that something is mounted on.</summary>
    internal static IReadOnlyList<string> Folders { get; } = ["dev", "proc", "tmp", "usr"];

    /// <summary>Links in the root, as the platform has them: where programs look for their libraries.</summary>
    internal static IReadOnlyList<string> Links { get; } = ["bin", "lib", "lib64"];

    internal static JsonArray Of(BundlePlaces places) =>
    [
        (JsonNode)ZoneMounts.Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
        (JsonNode)ZoneMounts.Mount("/dev", "tmpfs", "tmpfs", "nosuid", "noexec", "strictatime", "mode=755", "size=64k"),
        (JsonNode)ZoneMounts.Mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", "max=4"),
        (JsonNode)ZoneMounts.Mount("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev", "noexec", "mode=1777", "size=1m"),
        (JsonNode)ZoneMounts.Mount("/usr", "bind", places.PlatformUsr, "bind", "ro", "nosuid", "nodev"),
    ];
}
