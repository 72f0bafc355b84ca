using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Oci;

namespace Lumos.Zones.Bundle;

/// <summary>
/// A zone as an OCI bundle: what the specification means in the words of config.json. Pure, so that the whole of a zone's
/// isolation can be read in a golden file. A zone gets every namespace there is, its own range of user ids, and the
/// capabilities of a machine's root except those that the kernel does not confine to a user namespace anyway or that reach
/// its clock, modules, logs and security modules: its init is a machine's init.
/// </summary>
public static class OciBundle
{
    /// <summary>What root may do inside.</summary>
    public static IReadOnlyList<string> Capabilities { get; } =
    [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT", "CAP_SYS_CHROOT", "CAP_SYS_NICE", "CAP_SYS_PTRACE", "CAP_SYS_RESOURCE", "CAP_SYS_TTY_CONFIG",
    ];

    /// <summary>How many files a process may have open.</summary>
    public const int OpenFiles = 65_536;

    /// <summary>config.json.</summary>
    public static string ConfigJson(ZoneSpec zone, BundlePlaces places) => Text(new JsonObject
    {
        ["ociVersion"] = "1.0.2",
        ["hostname"] = zone.Hostname,
        ["root"] = new JsonObject { ["path"] = places.Root, ["readonly"] = false },
        ["process"] = Init(zone, places),
        ["mounts"] = ZoneMounts.Of(zone, places),
        ["linux"] = new JsonObject
        {
            ["namespaces"] = Array(new[] { "user", "mount", "pid", "network", "ipc", "uts", "cgroup" }
                .Select(type => new JsonObject { ["type"] = type })),
            ["uidMappings"] = Array([Mapping(zone)]),
            ["gidMappings"] = Array([Mapping(zone)]),
            ["cgroupsPath"] = $"{places.CgroupParent}/{zone.Name}",
            ["resources"] = ZoneLimits.Of(zone, places),
            ["maskedPaths"] = Strings(
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
                "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"),
            // What remains writable under /proc/sys belongs to the zone's own namespaces; the kernel refuses the rest.
            ["readonlyPaths"] = Strings("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"),
            ["seccomp"] = Seccomp.ToJson(),
            // Whoever is in the zone may ping; what systemd would set reaches beyond the zone's ids, and is refused.
            ["sysctl"] = new JsonObject { ["net.ipv4.ping_group_range"] = "0 65535" },
            ["rootfsPropagation"] = "private",
        },
    });

    /// <summary>The "process" of a program run inside a running zone.</summary>
    public static string ProcessJson(ZoneCommand command) => Text(new JsonObject
    {
        ["terminal"] = command.Terminal,
        ["user"] = new JsonObject
        {
            ["uid"] = command.Uid,
            ["gid"] = command.Gid,
            ["additionalGids"] = Array(command.OtherGids.Select(gid => (JsonNode)gid)),
        },
        ["args"] = Strings([.. command.Argv]),
        ["env"] = Strings([.. command.Environment.Select(pair => $"{pair.Key}={pair.Value}")]),
        ["cwd"] = command.WorkingDirectory,
        ["capabilities"] = CapabilitySets(effective: command.Uid == 0),
        ["noNewPrivileges"] = false,
    });

    /// <summary>The first program of a zone and its words.</summary>
    public static IReadOnlyList<string> InitArgv(ZoneSpec zone) => zone switch
    {
        { Init.IsEmpty: false } => zone.Init,
        { Brand.IsNative: true } => ["/usr/lib/lumos/lumos-init", "--zone"],
        _ => ["/sbin/init"],
    };

    private static JsonObject Init(ZoneSpec zone, BundlePlaces places)
    {
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            // systemd reads both: that it is in a container, and its machine id.
            ["container"] = "lumos",
            ["container_uuid"] = zone.Name.Text,
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["TERM"] = "vt220",
        };
        foreach (var (name, value) in zone.Environment)
        {
            environment[name] = value;
        }
        return new JsonObject
        {
            ["terminal"] = true,
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
            ["args"] = Strings([.. InitArgv(zone)]),
            ["env"] = Strings([.. environment.Select(pair => $"{pair.Key}={pair.Value}")]),
            ["cwd"] = "/",
            ["capabilities"] = CapabilitySets(effective: true),
            ["rlimits"] = Array(places.Runtime.RaisesRlimits ? Rlimits(zone, places) : []),
            ["noNewPrivileges"] = false, // setuid programs work, among the zone's own ids
            ["oomScoreAdj"] = 0,
        };
    }

    private static IEnumerable<JsonNode> Rlimits(ZoneSpec zone, BundlePlaces places)
    {
        yield return Rlimit("RLIMIT_NOFILE", OpenFiles, places.MostOpenFiles);
        yield return Rlimit("RLIMIT_MEMLOCK", zone.LockedBytes ?? zone.MemoryBytes ?? 64L << 20, places.MostLocked);
    }

    private static JsonObject Rlimit(string type, long wanted, ulong most)
    {
        long limit = most < (ulong)wanted ? (long)most : wanted;
        return new() { ["type"] = type, ["soft"] = limit, ["hard"] = limit };
    }

    private static JsonObject CapabilitySets(bool effective)
    {
        var sets = new JsonObject { ["bounding"] = Strings([.. Capabilities]) };
        if (effective)
        {
            sets["effective"] = Strings([.. Capabilities]);
            sets["permitted"] = Strings([.. Capabilities]);
        }
        return sets;
    }

    private static JsonObject Mapping(ZoneSpec zone) =>
        new() { ["containerID"] = 0, ["hostID"] = zone.FirstId, ["size"] = ZoneSpec.IdCount };

    internal static JsonArray Strings(params string[] texts) => [.. texts.Select(text => (JsonNode)text)];

    internal static JsonArray Array(IEnumerable<JsonNode> nodes) => [.. nodes];

    private static string Text(JsonObject json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions
        {
            Indented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            json.WriteTo(writer);
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
