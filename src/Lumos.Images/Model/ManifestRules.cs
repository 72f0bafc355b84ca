using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Model;

/// <summary>What a manifest must be. Pure; finds all faults at once, each a phrase that begins with the field's name.</summary>
public static class ManifestRules
{
    private static readonly string[] Types = ["zone-dataset", "lx-dataset", "zvol", "docker", "lxd", "other"];
    private static readonly string[] Systems = ["smartos", "linux", "windows", "bsd", "illumos", "other"];
    private static readonly string[] States = ["active", "unactivated", "disabled", "failed", "creating"];
    private static readonly string[] Compressions = ["none", "gzip", "bzip2", "xz", "zstd"];

    // Made once: a listing checks a thousand manifests.
    private static readonly string TypeFault = $"type must be one of {string.Join(", ", Types)}";
    private static readonly string SystemFault = $"os must be one of {string.Join(", ", Systems)}";
    private static readonly string StateFault = $"state must be one of {string.Join(", ", States)}";
    private static readonly string CompressionFault = $"files[0].compression must be one of {string.Join(", ", Compressions)}";

    public static IReadOnlyList<string> Check(JsonNode? node)
    {
        if (node is not JsonObject m)
        {
            return ["it must be a JSON object"];
        }
        var faults = new List<string>();
        void Fault(bool wrong, string text)
        {
            if (wrong)
            {
                faults.Add(text);
            }
        }

        Fault(ImageManifest.Number(m, "v") != 2, "v must be 2");
        Fault(!IsUuid(m["uuid"]), "uuid must be a UUID");
        Fault(Text(m["name"]) is not { Length: > 0 and <= 1024 } name || !name.All(IsNameCharacter),
            "name must be 1 to 1024 letters, digits or . _ / - and blank");
        Fault(Text(m["version"]) is not { Length: > 0 and <= 512 } version || !version.All(c => c is > ' ' and < (char)127),
            "version must be 1 to 512 printable ASCII characters without blanks");
        Fault(!OneOf(m["type"], Types), TypeFault);
        Fault(!OneOf(m["os"], Systems), SystemFault);
        Fault(Has("owner") && !IsUuid(m["owner"]), "owner must be a UUID");
        Fault(Has("state") && !OneOf(m["state"], States), StateFault);
        foreach (string flag in new[] { "disabled", "public", "activated", "generate_passwords" })
        {
            Fault(Has(flag) && !IsBool(m[flag]), $"{flag} must be true or false");
        }
        Fault(Has("published_at") && !IsTime(m["published_at"]), "published_at must be an ISO 8601 time");
        Fault(Has("origin") && (!IsUuid(m["origin"]) || Text(m["origin"]) == Text(m["uuid"])), "origin must be the UUID of another image");
        Fault(Has("image_size") && ImageManifest.Number(m, "image_size") is not (> 0 and < 1L << 40), "image_size must be a number of MiB above 0");
        if (Text(m["type"]) == "zvol")
        {
            Fault(!Has("image_size"), "image_size is missing (a zvol image needs it)");
            Fault(Text(m["nic_driver"]) is not { Length: > 0 }, "nic_driver is missing (a zvol image needs it)");
            Fault(Text(m["disk_driver"]) is not { Length: > 0 }, "disk_driver is missing (a zvol image needs it)");
        }
        Fault(Has("description") && (Text(m["description"]) is not { } d || Bytes(d) > 10 << 10), "description must be text of at most 10 KiB");
        Fault(Has("tags") && (m["tags"] is not JsonObject tags || Bytes(tags.ToJsonString()) > 100 << 10), "tags must be an object of at most 100 KiB");
        Fault(Has("traits") && m["traits"] is not JsonObject, "traits must be an object");
        Fault(Has("billing_tags") && !AllOf(m["billing_tags"], IsText), "billing_tags must be a list of texts");
        Fault(Has("inherited_directories") && !AllOf(m["inherited_directories"], IsText), "inherited_directories must be a list of paths");
        Fault(Has("acl") && !AllOf(m["acl"], IsUuid), "acl must be a list of UUIDs");
        Fault(Has("users") && !AllOf(m["users"], u => u is JsonObject o && IsText(o["name"])), "users must be a list of objects with a name");
        CheckFiles(m["files"], Fault);
        CheckRequirements(m["requirements"], Fault);
        return faults;

        bool Has(string key) => m[key] is not null;
    }

    private static void CheckFiles(JsonNode? files, Action<bool, string> fault)
    {
        if (files is null)
        {
            return;
        }
        if (files is not JsonArray { Count: <= 1 } list || (list.Count == 1 && list[0] is not JsonObject))
        {
            fault(true, "files must be a list of at most one object");
            return;
        }
        if (list.Count == 0)
        {
            return;
        }
        var file = (JsonObject)list[0]!;
        fault(!IsHex(Text(file["sha1"]), 40), "files[0].sha1 must be 40 hexadecimal digits");
        fault(file["size"] is not JsonValue size || !size.TryGetValue(out double bytes) || bytes is not (> 0 and < 1L << 53)
            || bytes != Math.Floor(bytes), "files[0].size must be a number of bytes above 0");
        fault(file["compression"] is not null && !OneOf(file["compression"], Compressions),
            CompressionFault);
        fault(file["sha256"] is not null && !IsHex(Text(file["sha256"]), 64), "files[0].sha256 must be 64 hexadecimal digits");
        fault(file["digest"] is { } digest && (Text(digest) is not { } text
            || (text.StartsWith("sha256:", StringComparison.Ordinal) && !IsHex(text[7..], 64))
            || (text.StartsWith("sha512:", StringComparison.Ordinal) && !IsHex(text[7..], 128))), "files[0].digest must be ALGORITHM:DIGITS");
    }

    private static void CheckRequirements(JsonNode? node, Action<bool, string> fault)
    {
        if (node is null)
        {
            return;
        }
        if (node is not JsonObject r)
        {
            fault(true, "requirements must be an object");
            return;
        }
        foreach (string key in new[] { "min_ram", "max_ram" })
        {
            fault(r[key] is not null && ImageManifest.Number(r, key) is not > 0, $"requirements.{key} must be a number of MiB above 0");
        }
        fault(ImageManifest.Number(r, "min_ram") > ImageManifest.Number(r, "max_ram"), "requirements.min_ram is above requirements.max_ram");
        foreach (string key in new[] { "min_platform", "max_platform" })
        {
            fault(r[key] is not null && (r[key] is not JsonObject stamps || stamps.Any(p => Text(p.Value) is not { Length: > 0 })),
                $"requirements.{key} must be an object of version: platform stamp");
        }
        fault(r["brand"] is not null && !IsText(r["brand"]), "requirements.brand must be text");
        fault(r["bootrom"] is not null && !IsText(r["bootrom"]), "requirements.bootrom must be text");
        fault(r["ssh_key"] is not null && !IsBool(r["ssh_key"]), "requirements.ssh_key must be true or false");
        fault(r["networks"] is not null && !AllOf(r["networks"], n => n is JsonObject o && IsText(o["name"])),
            "requirements.networks must be a list of objects with a name");
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static bool IsText(JsonNode? node) => Text(node) is { Length: > 0 };

    private static bool IsBool(JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool _);

    // Lower case only: the UUID names a dataset and files, which must have one spelling.
    private static bool IsUuid(JsonNode? node) => Text(node) is { } text && Uuid.TryParse(text, out var uuid) && uuid.ToString() == text;

    private static bool IsTime(JsonNode? node) =>
        Text(node) is { Length: <= 40 } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);

    private static bool OneOf(JsonNode? node, string[] words) => Text(node) is { } text && words.Contains(text);

    private static bool AllOf(JsonNode? node, Func<JsonNode?, bool> rule) => node is JsonArray list && list.All(rule);

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '/' or '-' or ' ';

    private static bool IsHex(string? text, int length) =>
        text is not null && text.Length == length && text.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f');

    private static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);
}
