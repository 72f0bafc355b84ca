using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Vm.Metadata.Protocol;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Metadata;

/// <summary>
/// What a guest may read and write, by the names of keys (mdata(7)). Plain keys are the VM's customer_metadata. Names that
/// end in _pw, and names with a prefix that internal_metadata_namespaces lists, are its internal_metadata, for reading.
/// <c>sdc:</c> is what the platform knows of the VM. A key is looked up in a JSON object and nowhere else: no part of a name
/// ever becomes part of a path.
/// </summary>
public static class MetadataKeys
{
    public const string PlatformPrefix = "sdc:";

    /// <summary>The value of a key.</summary>
    /// <param name="vm">The VM as far as its configuration and its state say.</param>
    /// <param name="wholeVm">The VM with what only its dataset says; asked for when such a property is.</param>
    public static MetadataReply Get(string key, JsonObject vm, Func<JsonObject> wholeVm)
    {
        key = key.Trim();
        if (key.Length == 0)
        {
            return MetadataReply.Failure("Invalid GET Request");
        }
        return key.StartsWith(PlatformPrefix, StringComparison.Ordinal)
            ? GetOfPlatform(key[PlatformPrefix.Length..], vm, wholeVm)
            : Value((IsInternal(key, vm) ? Map(vm, "internal_metadata") : Map(vm, "customer_metadata"))?[key]);
    }

    /// <summary>The names that <see cref="Get"/> answers, those of the platform apart, one a line.</summary>
    public static MetadataReply Keys(JsonObject vm) => MetadataReply.Success(string.Join('\n',
    [
        .. Names(vm, "customer_metadata").Where(key => !IsInternal(key, vm)),
        .. Names(vm, "internal_metadata").Where(key => IsInternal(key, vm)),
    ]));

    /// <summary>Why a guest may not write a key; null: it may.</summary>
    public static string? Refusal(string key, JsonObject vm)
    {
        if (key.Length == 0)
        {
            return "a key has no name";
        }
        if (key.Length > MetadataLimits.LongestKey)
        {
            return $"a key's name has {MetadataLimits.LongestKey} characters at most";
        }
        if (key.Any(char.IsControl))
        {
            return "a key's name has no control characters";
        }
        if (key.StartsWith(PlatformPrefix, StringComparison.Ordinal))
        {
            return "Cannot update the \"sdc\" Namespace.";
        }
        if (Namespace(key, vm) is { } ours)
        {
            return $"Cannot update the \"{ours}\" Namespace.";
        }
        return IsInternal(key, vm) ? $"\"{key}\" is the operator's: names that end in _pw can only be read" : null;
    }

    private static MetadataReply GetOfPlatform(string name, JsonObject vm, Func<JsonObject> wholeVm)
    {
        switch (name)
        {
            case "nics" or "resolvers" or "tmpfs" when vm[name] is { } whole:
                return MetadataReply.Success(Text(whole));
            case "routes":
                return MetadataReply.Success(Text(MetadataRoutes.Of(vm)));
            case "operator-script":
                return Value(Map(vm, "internal_metadata")?["operator-script"]);
            case "volumes":
                return Value(Map(vm, "internal_metadata")?["sdc:volumes"]);
        }
        if (name.StartsWith("tags.", StringComparison.Ordinal))
        {
            return Value(Map(vm, "tags")?[name["tags.".Length..]]);
        }
        return Value(vm.ContainsKey(name) || !IsOfDataset(name) ? vm[name] : wholeVm()[name]);
    }

    private static bool IsOfDataset(string name) =>
        name == "zfs_filesystem" || PropertyTable.Rows.Any(row => row.Name == name && row.Store is PropertyStore.Zfs or PropertyStore.DataZfs);

    private static bool IsInternal(string key, JsonObject vm) =>
        key.EndsWith("_pw", StringComparison.Ordinal) || Namespace(key, vm) is not null;

    /// <summary>The prefix of a key that belongs to the operator; null: it does not.</summary>
    private static string? Namespace(string key, JsonObject vm)
    {
        int colon = key.IndexOf(':', StringComparison.Ordinal);
        return colon >= 0 && (vm["internal_metadata_namespaces"] as JsonArray)?.Any(name => JsonText.Plain(name) == key[..colon]) == true
            ? key[..colon]
            : null;
    }

    private static MetadataReply Value(JsonNode? value) => value switch
    {
        null => MetadataReply.NotFound,
        JsonValue scalar => MetadataReply.Success(JsonText.Plain(scalar)),
        _ => MetadataReply.Failure("the value is not a text, a number or a boolean"),
    };

    private static JsonObject? Map(JsonObject vm, string name) => vm[name] as JsonObject;

    private static IEnumerable<string> Names(JsonObject vm, string map) => Map(vm, map)?.Select(pair => pair.Key) ?? [];

    private static string Text(JsonNode node) => System.Text.Encoding.UTF8.GetString(JsonText.Line(node));
}
