using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Zones.Docker;
using Lumos.Zones.Machines;

namespace Lumos.Zones.Bundle;

/// <summary>
/// A zone as an OCI bundle: what the specification means in the words of config.json. Pure, so that the whole of a zone's
/// isolation can be read in a golden file. What a zone may do is <see cref="SecurityProfile"/>'s.
/// </summary>
public static class OciBundle
{
    /// <summary>config.json.</summary>
    public static string ConfigJson(ZoneSpec zone, BundlePlaces places) => Text(new JsonObject
    {
        ["ociVersion"] = "1.0.2",
        ["hostname"] = zone.Hostname,
        ["root"] = new JsonObject { ["path"] = places.Root, ["readonly"] = zone.Machine is not null },
        ["process"] = Init(zone, places),
        ["mounts"] = zone.Machine is null ? ZoneMounts.Of(zone, places) : MachineMounts.Of(places),
        ["linux"] = new JsonObject
        {
            ["namespaces"] = Array(SecurityProfile.Namespaces.Select(type => Namespace(type, places))),
            ["uidMappings"] = Array([Mapping(zone)]),
            ["gidMappings"] = Array([Mapping(zone)]),
            ["cgroupsPath"] = $"{places.CgroupParent}/{zone.Name}",
            ["resources"] = ZoneLimits.Of(zone, places),
            ["devices"] = Array(Devices(zone)),
            ["maskedPaths"] = Strings([.. SecurityProfile.MaskedPaths]),
            ["readonlyPaths"] = Strings([.. SecurityProfile.ReadOnlyPaths]),
            ["seccomp"] = SecurityProfile.SystemCallFilter(zone.Machine is not null),
            ["sysctl"] = new JsonObject([.. SecurityProfile.Switches.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))]),
            ["rootfsPropagation"] = "private",
        },
    });

    /// <summary>The "process" of a program run inside a running zone.</summary>
    /// <param name="capabilities">What root may do in that zone.</param>
    public static string ProcessJson(ZoneCommand command, IEnumerable<string> capabilities) => Text(new JsonObject
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
        ["capabilities"] = CapabilitySets(capabilities, effective: command.Uid == 0),
        ["noNewPrivileges"] = false,
    });

    /// <summary>The first program of a zone and its words.</summary>
    public static IReadOnlyList<string> InitArgv(ZoneSpec zone) => zone switch
    {
        { Machine: { } machine } => QemuCommand.Of(machine).Words,
        { Docker: { } docker } => docker.Argv,
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
        if (zone.Machine is not null)
        {
            return Process(zone, places, MachineMounts.User, terminal: true, "/", ["PATH=/usr/bin"]);
        }
        if (zone.Docker is { } docker)
        {
            return Process(zone, places, docker.Process, docker.Tty, docker.WorkingDirectory, DockerProcess.Environment(zone, docker));
        }
        return Process(zone, places, DockerUser.Root, terminal: true, "/", environment.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    private static JsonObject Process(
        ZoneSpec zone, BundlePlaces places, DockerUser user, bool terminal, string folder, IEnumerable<string> environment) => new()
        {
            ["terminal"] = terminal,
            ["user"] = User(user),
            ["args"] = Strings([.. Words(zone)]),
            ["env"] = Strings([.. environment]),
            ["cwd"] = folder,
            ["capabilities"] = CapabilitySets(zone.Capabilities, effective: user.Uid == 0),
            ["rlimits"] = Array(places.Runtime.RaisesRlimits ? Rlimits(zone, places) : []),
            ["noNewPrivileges"] = zone.Machine is not null, // elsewhere setuid programs work, among the zone's own ids
            ["oomScoreAdj"] = 0,
        };

    private static IReadOnlyList<string> Words(ZoneSpec zone)
    {
        var words = zone.Docker is null ? InitArgv(zone) : DockerAddress.Before(InitArgv(zone), zone);
        return zone.Datasets.IsEmpty ? words : DatasetMounts.Before(words, zone.Brand);
    }

    private static JsonObject User(DockerUser user)
    {
        var json = new JsonObject { ["uid"] = user.Uid, ["gid"] = user.Gid };
        if (!user.OtherGids.IsEmpty)
        {
            json["additionalGids"] = Array(user.OtherGids.Select(gid => (JsonNode)gid));
        }
        return json;
    }

    private static IEnumerable<JsonNode> Rlimits(ZoneSpec zone, BundlePlaces places)
    {
        yield return Rlimit("RLIMIT_NOFILE", SecurityProfile.OpenFiles, places.MostOpenFiles);
        yield return Rlimit("RLIMIT_MEMLOCK", LockedBytes(zone), places.MostLocked);
    }

    /// <summary>How much memory a process may lock.</summary>
    internal static long LockedBytes(ZoneSpec zone) => zone.LockedBytes ?? zone.MemoryBytes ?? 64L << 20;

    private static JsonObject Rlimit(string type, long wanted, ulong most)
    {
        long limit = most < (ulong)wanted ? (long)most : wanted;
        return new() { ["type"] = type, ["soft"] = limit, ["hard"] = limit };
    }

    private static JsonObject CapabilitySets(IEnumerable<string> capabilities, bool effective)
    {
        string[] names = [.. capabilities];
        var sets = new JsonObject { ["bounding"] = Strings(names) };
        if (effective)
        {
            sets["effective"] = Strings(names);
            sets["permitted"] = Strings(names);
        }
        return sets;
    }

    // The runtime joins the user namespace that we made, and makes the others in it.
    private static JsonObject Namespace(string type, BundlePlaces places)
    {
        var ns = new JsonObject { ["type"] = type };
        if (type == "user")
        {
            ns["path"] = places.UserNamespace;
        }
        return ns;
    }

    private static IEnumerable<JsonNode> Devices(ZoneSpec zone) => SecurityProfile.DevicesOf(zone)
        .Select(device => new JsonObject
        {
            ["path"] = device.Path,
            ["type"] = "c",
            ["major"] = device.Major,
            ["minor"] = device.Minor,
            ["fileMode"] = 0x1b6, // rw-rw-rw-
            ["uid"] = 0,
            ["gid"] = 0,
        });

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
