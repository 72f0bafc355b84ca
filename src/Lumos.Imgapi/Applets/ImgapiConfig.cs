using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Imgapi.Model;

namespace Lumos.Imgapi.Applets;

/// <summary>
/// Settings from the command line and, where it says nothing, from DATA/config.json, whose keys are the options' names:
/// {"listen": …, "tls_cert": …, "tls_key": …, "mirror": …, "channels": [{"name", "description", "default"}], "max_file": …,
/// "max_connections": …, "max_uploads": …, "grace": …}.
/// </summary>
internal static class ImgapiConfig
{
    private static readonly string[] Known = ["listen", "tls_cert", "tls_key", "mirror", "channels", "max_file", "max_connections", "max_uploads", "grace"];

    public static ArgParser Options => new ArgParser().Flag('h', "help").Value("listen").Value("data").Value("tls-cert").Value("tls-key")
        .Value("mirror").Value("channel").Value("max-file").Value("max-connections").Value("max-uploads").Value("grace");

    /// <exception cref="LumosException">What is said cannot be; InvalidConfig: the file.</exception>
    public static ImgapiSettings Read(ParsedArgs args, string data, string? listen)
    {
        string path = new Store.StorePaths(data).Config;
        var file = ReadFile(path);
        string? Said(string name) => args.Get(name) ?? file[name.Replace('-', '_')] switch
        {
            null => null,
            JsonValue value when JsonPath.Text(value) is { Length: > 0 } text => text,
            _ => throw new LumosException("InvalidConfig", $"{path}: {name.Replace('-', '_')} must be a text or a number"),
        };
        long Number(string name, long otherwise, long most) => Said(name) is not { } text ? otherwise
            : long.TryParse(text, System.Globalization.NumberStyles.None, null, out long number) && number >= 1 && number <= most ? number
            : throw new LumosException("InvalidConfig", $"{name} {text}: it must be a number from 1 to {most}", 2);
        var (address, port) = ImgapiSettings.ParseListen(Said("listen") ?? listen ?? $"*:{ImgapiSettings.DefaultPort}");
        if (Said("tls-key") is not null && Said("tls-cert") is null)
        {
            throw new LumosException("InvalidConfig", "tls-key needs tls-cert, the certificate that the key is of", 2);
        }
        var defaults = new ImgapiSettings(data);
        return defaults with
        {
            Address = address,
            Port = port,
            Certificate = Said("tls-cert"),
            CertificateKey = Said("tls-key"),
            Mirror = Said("mirror") is { } mirror ? ImageSource.Parse(mirror) : null,
            Channels = args.GetAll("channel") is { Count: > 0 } said ? Channels(said) : file["channels"] is { } channels ? Channels(channels, path) : Model.Channels.None,
            MostFileBytes = Number("max-file", defaults.MostFileBytes >> 20, long.MaxValue >> 20) << 20,
            MostConnections = (int)Number("max-connections", defaults.MostConnections, 100_000),
            MostUploads = (int)Number("max-uploads", defaults.MostUploads, 1_000),
            Grace = TimeSpan.FromSeconds(Number("grace", (long)defaults.Grace.TotalSeconds, 3600)),
        };
    }

    private static JsonObject ReadFile(string path)
    {
        try
        {
            var json = JsonPath.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new LumosException("InvalidConfig", $"{path} is no JSON object");
            return json.FirstOrDefault(p => !Known.Contains(p.Key)).Key is { } unknown
                ? throw new LumosException("InvalidConfig", $"{path}: there is no setting {unknown}; there are {string.Join(", ", Known)}")
                : json;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidConfig", $"{path} is no JSON", inner: e);
        }
    }

    /// <summary>NAME or NAME:DESCRIPTION each; the first is the default.</summary>
    private static Channels Channels(IReadOnlyList<string> said) =>
        new([.. said.Select((text, i) => text.Split(':', 2) is var parts ? new Channel(parts[0], parts.Length > 1 ? parts[1] : "", i == 0) : null!)]);

    private static Channels Channels(JsonNode said, string path) =>
        new([.. (said as JsonArray ?? throw new LumosException("InvalidConfig", $"{path}: channels must be a list")).Select(n =>
            n is JsonObject o && o["name"] is JsonValue v && v.TryGetValue(out string? name)
                ? new Channel(name, JsonPath.Text(o["description"]) ?? "", o["default"] is JsonValue d && d.TryGetValue(out bool isDefault) && isDefault)
                : throw new LumosException("InvalidConfig", $"{path}: a channel has a name, a description and perhaps default: true"))]);
}
