using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Linux.Signals;
using Lumos.Zones.Bundle;

namespace Lumos.Zones.Docker;

/// <summary>
/// Reads the keys docker:* of internal_metadata. As on SmartOS lists are JSON in a text ("[\"/bin/sh\"]"); a list itself is taken too.
/// Keys that are not known say nothing to a zone: docker:id and the like are for whoever made it.
/// </summary>
public static class DockerZoneReader
{
    /// <summary>Before the names of the keys.</summary>
    public const string Prefix = "docker:";

    /// <summary>What the keys say; what is wrong with them goes to <paramref name="fault"/> as KEY and the rest of a sentence.</summary>
    public static DockerZone Read(JsonObject metadata, Action<string, string> fault)
    {
        var keys = new Keys(metadata, fault);
        string user = keys.Text("user"), workdir = keys.Text("workdir");
        foreach (string item in keys.List("env").Concat(keys.List("linkEnv")).Where(item => item.IndexOf('=') < 1))
        {
            fault("docker:env", $"has \"{item}\", which is not NAME=VALUE");
        }
        return new DockerZone
        {
            Argv = [.. keys.List("entrypoint"), .. keys.List("cmd")],
            Env = [.. keys.List("linkEnv").Concat(keys.List("env")).Where(item => item.IndexOf('=') >= 1)],
            WorkingDirectory = workdir.StartsWith('~') || workdir.StartsWith('/') ? workdir : "/" + workdir,
            User = user,
            Tty = keys.Flag("tty"),
            OpenStdin = keys.Flag("open_stdin") || keys.Flag("attach_stdin"),
            InputIsTheFirstOnes = keys.Flag("attach_stdin"),
            StopSignal = Signal(keys),
            LogDriver = Driver(keys),
            Restart = Restart(keys),
            ExtraHosts = [.. keys.List("extraHosts").Select(text => Host(text, fault)).OfType<(string, string)>()],
            LinkHosts = keys.Text("linkHosts"),
            DnsSearch = keys.List("dnssearch"),
            Volumes = [.. keys.List("volumes").Select(path => Volume(path, fault)).OfType<string>().Distinct()],
        };
    }

    /// <summary>Of a zone's config/metadata.json.</summary>
    /// <exception cref="LumosException">InvalidZoneConfig</exception>
    public static DockerZone Read(ZoneName zone, string? metadataJson)
    {
        JsonNode? json;
        try
        {
            json = metadataJson is null ? null : JsonNode.Parse(metadataJson);
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidZoneConfig", $"zone '{zone}': metadata.json is not valid", inner: e);
        }
        return Read((json as JsonObject)?["internal_metadata"] as JsonObject ?? [],
            (key, why) => throw new LumosException("InvalidZoneConfig", $"zone '{zone}': {key} of its internal_metadata {why}"));
    }

    private static int Signal(Keys keys) => keys.Text("stopsignal") is not { Length: > 0 } text ? Linux.Signals.Signal.TERM
        : SignalNames.TryParse(text, out int signal) ? signal
        : keys.Fault("stopsignal", $"\"{text}\" is no signal", Linux.Signals.Signal.TERM);

    private static DockerLogDriver Driver(Keys keys) => keys.Text("logdriver") switch
    {
        "" or "json-file" => DockerLogDriver.JsonFile,
        "none" => DockerLogDriver.None,
        var other => keys.Fault("logdriver", $"\"{other}\" is neither json-file nor none", DockerLogDriver.JsonFile),
    };

    private static DockerRestart Restart(Keys keys) => DockerRestart.Parse(keys.Text("restartpolicy"))
        ?? keys.Fault("restartpolicy", $"\"{keys.Text("restartpolicy")}\" is not no, always, unless-stopped, on-failure or on-failure:N", DockerRestart.No);

    private static (string, string)? Host(string text, Action<string, string> fault)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && IPAddress.TryParse(text[(colon + 1)..], out var address) && !text[..colon].Any(c => c <= ' '))
        {
            return (address.ToString(), text[..colon]);
        }
        fault("docker:extraHosts", $"has \"{text}\", which is not NAME:ADDRESS");
        return null;
    }

    private static string? Volume(string text, Action<string, string> fault)
    {
        string path = text.StartsWith('/') ? text : "/" + text;
        if (MountTarget.Fault(path) is { } why)
        {
            fault("docker:volumes", $"has \"{text}\", which {why}");
            return null;
        }
        path = MountTarget.Plain(path);
        if (DockerVolumes.EntryOf(path).Length > HeldDirectory.LongestName)
        {
            fault("docker:volumes", $"has \"{text}\", which is longer than the name of a volume can be");
            return null;
        }
        return path;
    }

    private sealed class Keys(JsonObject metadata, Action<string, string> fault)
    {
        public string Text(string key) => metadata[Prefix + key] switch
        {
            null => "",
            JsonValue value when value.TryGetValue(out string? text) => text.Contains('\0') ? Fault(key, "has a zero byte", "") : text,
            JsonValue value => value.ToJsonString(),
            _ => Fault(key, "is not a text", ""),
        };

        public bool Flag(string key) => Text(key) is not ("" or "false" or "0");

        public ImmutableArray<string> List(string key)
        {
            var node = metadata[Prefix + key];
            try
            {
                if (node is JsonValue value && value.TryGetValue(out string? text))
                {
                    node = text.Length == 0 ? null : JsonNode.Parse(text);
                }
            }
            catch (JsonException)
            {
                return Fault<ImmutableArray<string>>(key, "is not a list in JSON, such as [\"/bin/sh\",\"-c\",\"date\"]", []);
            }
            return node switch
            {
                null => [],
                JsonArray array when array.All(item => item is JsonValue v && v.TryGetValue(out string? one) && !one.Contains('\0'))
                    => [.. array.Select(item => item!.GetValue<string>())],
                _ => Fault<ImmutableArray<string>>(key, "is not a list of texts", []),
            };
        }

        public T Fault<T>(string key, string why, T instead)
        {
            fault(Prefix + key, why);
            return instead;
        }
    }
}
