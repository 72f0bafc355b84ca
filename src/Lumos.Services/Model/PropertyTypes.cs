using System.Globalization;

namespace Lumos.Services.Model;

/// <summary>Which texts are values of which property type.</summary>
public static class PropertyTypes
{
    private static readonly string[] Known =
    [
        "count", "integer", "opaque", "host", "hostname", "net_address", "net_address_v4", "net_address_v6",
        "time", "astring", "ustring", "boolean", "fmri", "uri",
    ];

    public static bool IsKnown(string type) => Known.Contains(type);

    public static bool IsValid(string type, string value) => type switch
    {
        "boolean" => value is "true" or "false",
        "count" => ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            || long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "integer" => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        _ => true,
    };
}
