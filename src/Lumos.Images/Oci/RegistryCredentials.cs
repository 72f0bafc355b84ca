using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Oci;

/// <summary>
/// Who we are to registries: a file as "docker login", "podman login" and "skopeo login --authfile" write it,
/// {"auths": {"HOST[:PORT][/PATH]": {"auth": BASE64 of NAME:PASSWORD}}}. It holds passwords, so it is read only when nobody but its
/// owner can read it.
/// </summary>
public static class RegistryCredentials
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>NAME:PASSWORD in base64 for a repository; null: nothing is said of it.</summary>
    /// <exception cref="LumosException">UnsafeCredentials, InvalidCredentials</exception>
    public static string? Find(string file, OciReference reference)
    {
        if (!File.Exists(file))
        {
            return null;
        }
        if ((File.GetUnixFileMode(file) & Others) != 0)
        {
            throw new LumosException("UnsafeCredentials", $"{file} holds passwords and can be read by others: \"chmod 600 {file}\"");
        }
        JsonNode? json;
        try
        {
            json = JsonPath.Parse(File.ReadAllBytes(file));
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidCredentials", $"{file} is no JSON", inner: e);
        }
        return Find(json, file, reference);
    }

    /// <summary>The same of what the file holds. Pure.</summary>
    public static string? Find(JsonNode? json, string file, OciReference reference)
    {
        if ((json as JsonObject)?["auths"] is not JsonObject auths)
        {
            return null;
        }
        foreach (string key in Keys(reference).Where(key => auths[key] is JsonObject))
        {
            if (OciJson.Text(auths[key]!["auth"]) is not { Length: > 0 } auth)
            {
                throw new LumosException("InvalidCredentials", $"{file} has no \"auth\" for {key}: helpers and tokens of identity are not used here, \"skopeo login --authfile {file} {key}\" writes one");
            }
            return IsPair(auth) ? auth : throw new LumosException("InvalidCredentials", $"\"auth\" of {key} in {file} is not NAME:PASSWORD in base64");
        }
        return null;
    }

    // From the repository itself up to its host, then what docker has always called its own registry.
    private static IEnumerable<string> Keys(OciReference reference)
    {
        for (string key = reference.Name; ; key = key[..key.LastIndexOf('/')])
        {
            yield return key;
            if (!key.Contains('/'))
            {
                break;
            }
        }
        yield return $"https://{reference.Registry}";
        if (reference.Registry == OciReference.DockerHub)
        {
            yield return "https://index.docker.io/v1/";
            yield return "index.docker.io";
        }
    }

    private static bool IsPair(string auth)
    {
        byte[] bytes = new byte[auth.Length];
        return Convert.TryFromBase64String(auth, bytes, out int length) && Encoding.UTF8.GetString(bytes, 0, length).Contains(':');
    }
}
