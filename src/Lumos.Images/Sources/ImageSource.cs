using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Sources;

/// <summary>A place images come from.</summary>
/// <param name="Url">Without a slash at its end; may hold "?channel=NAME".</param>
/// <param name="Insecure">Take any certificate.</param>
public sealed record ImageSource(string Url, bool Insecure = false)
{
    /// <summary>SmartOS's public server.</summary>
    public static readonly ImageSource Default = new("https://images.smartos.org");

    public const string Imgapi = "imgapi";

    /// <summary>The API before it, read only.</summary>
    public const string Dsapi = "dsapi";

    /// <summary>A registry of docker or the OCI.</summary>
    public const string Docker = "docker";

    /// <summary>Docker's own registry.</summary>
    public static readonly ImageSource DockerHub = new("https://docker.io") { Type = Docker };

    /// <summary>imgapi, dsapi or docker in sources of ours; what a configuration made elsewhere says is kept, and refused when it is used.</summary>
    public string Type { get; init; } = Imgapi;

    /// <summary>The file with the key that is sent to it; null: none.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The channel named in the URL.</summary>
    public string? Channel => new Uri(Url).Query.TrimStart('?').Split('&')
        .Where(t => t.StartsWith("channel=", StringComparison.Ordinal)).Select(t => Uri.UnescapeDataString(t[8..])).FirstOrDefault();

    /// <summary>Reads what a user gave.</summary>
    /// <exception cref="LumosException">InvalidUrl; InvalidArgument: a type that is none.</exception>
    public static ImageSource Parse(string url, string? type = null, bool insecure = false)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0
            || uri.Fragment.Length > 0)
        {
            throw new LumosException("InvalidUrl", $"\"{url}\" is not the http or https URL of an image source");
        }
        RequireKnown(type ?? Imgapi);
        string bare = uri.GetLeftPart(UriPartial.Path).TrimEnd('/');
        if (type == Docker && (uri.AbsolutePath != "/" || uri.Query.Length > 0))
        {
            throw new LumosException("InvalidUrl", $"\"{url}\" is not the URL of a registry, which ends after its host and port");
        }
        return new ImageSource(bare + uri.Query, insecure) { Type = type ?? Imgapi };
    }

    /// <summary>The URL of a call, such as images/UUID, with the channel if there is one.</summary>
    public string At(string path, string? channel = null, string? query = null)
    {
        RequireKnown(Type);
        var terms = new List<string>();
        if (query is not null)
        {
            terms.Add(query);
        }
        if ((channel ?? Channel) is { } name)
        {
            terms.Add($"channel={Uri.EscapeDataString(name)}");
        }
        return $"{new Uri(Url).GetLeftPart(UriPartial.Path).TrimEnd('/')}/{path}{(terms.Count > 0 ? "?" : "")}{string.Join('&', terms)}";
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["url"] = Url, ["type"] = Type };
        if (Insecure)
        {
            json["insecure"] = true;
        }
        if (KeyFile is not null)
        {
            json["keyFile"] = KeyFile;
        }
        return json;
    }

    private static void RequireKnown(string type)
    {
        if (type is not (Imgapi or Dsapi or Docker))
        {
            throw new LumosException("InvalidArgument", $"\"{type}\" is not a type of image source; imgapi, dsapi and docker are", 2);
        }
    }
}
