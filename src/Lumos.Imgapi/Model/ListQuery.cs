using System.Globalization;
using Lumos.Core;

namespace Lumos.Imgapi.Model;

/// <summary>
/// GET /images?…: what is asked for. Pure. Terms are joined by "and"; a text that begins with "~" is looked for within the field
/// (name, version), one that begins with "!" must not be it (type, os). Active images are listed unless state says otherwise.
/// </summary>
public sealed class ListQuery
{
    private static readonly string[] States = ["active", "unactivated", "disabled", "creating", "failed", "all"];

    private readonly List<Func<StoredImage, bool>> _terms = [];

    private ListQuery()
    {
    }

    public string? Channel { get; private set; }

    public string? Account { get; private set; }

    public bool InclAdminFields { get; private set; }

    public int Limit { get; private set; } = int.MaxValue;

    /// <summary>Begin with this image.</summary>
    public Uuid? Marker { get; private set; }

    public string State { get; private set; } = "active";

    /// <exception cref="ImgapiException">InvalidParameter: a term that is unknown, or has no such value.</exception>
    public static ListQuery Parse(IEnumerable<KeyValuePair<string, string>> query)
    {
        var parsed = new ListQuery();
        foreach (var (key, value) in query)
        {
            parsed.Add(key, value);
        }
        return parsed;
    }

    /// <summary>Whether an image is asked for; who sees it and where a page begins are other questions.</summary>
    public bool Wants(StoredImage image) => (State == "all" || image.State == State) && _terms.TrueForAll(term => term(image));

    private void Add(string key, string value)
    {
        switch (key)
        {
            case "account":
                Account = RequireUuid(key, value).ToString();
                break;
            case "channel":
                Channel = value;
                break;
            case "inclAdminFields":
                InclAdminFields = RequireBool(key, value);
                break;
            case "limit":
                Limit = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0 ? limit : throw Wrong(key, value, "a number above 0");
                break;
            case "marker":
                Marker = RequireUuid(key, value);
                break;
            case "state":
                State = States.Contains(value) ? value : throw Wrong(key, value, $"one of {string.Join(", ", States)}");
                break;
            case "name":
                _terms.Add(Text(i => i.Name, value));
                break;
            case "version":
                _terms.Add(Text(i => i.Version, value));
                break;
            case "type":
                _terms.Add(Not(i => i.Type, value));
                break;
            case "os":
                _terms.Add(Not(i => i.Os, value));
                break;
            case "uuid":
                var uuid = RequireUuid(key, value);
                _terms.Add(i => i.Uuid == uuid);
                break;
            case "origin":
                var origin = RequireUuid(key, value);
                _terms.Add(i => i.Origin == origin);
                break;
            case "owner":
                string owner = RequireUuid(key, value).ToString();
                _terms.Add(i => i.Owner == owner);
                break;
            case "public":
                bool isPublic = RequireBool(key, value);
                _terms.Add(i => i.IsPublic == isPublic);
                break;
            case "billing_tag":
                _terms.Add(i => i.BillingTags.Contains(value));
                break;
            case var tag when tag.StartsWith("tag.", StringComparison.Ordinal):
                _terms.Add(i => i.Tag(tag[4..]) == value);
                break;
            default:
                throw new ImgapiException("InvalidParameter", $"images cannot be listed by {key}={value}");
        }
    }

    private static Func<StoredImage, bool> Text(Func<StoredImage, string> field, string value) =>
        value.StartsWith('~') ? i => field(i).Contains(value[1..], StringComparison.Ordinal) : i => field(i) == value;

    private static Func<StoredImage, bool> Not(Func<StoredImage, string> field, string value) =>
        value.StartsWith('!') ? i => field(i) != value[1..] : i => field(i) == value;

    private static Uuid RequireUuid(string key, string value) => Uuid.TryParse(value, out var uuid) ? uuid : throw Wrong(key, value, "a UUID");

    private static bool RequireBool(string key, string value) => value switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => throw Wrong(key, value, "true or false"),
    };

    private static ImgapiException Wrong(string key, string value, string right) => new("InvalidParameter", $"{key}={value}: it must be {right}");
}
