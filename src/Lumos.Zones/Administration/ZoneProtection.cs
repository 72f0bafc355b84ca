using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Administration;

/// <summary>
/// The attributes by which a zone is not destroyed: whoever would destroy its root, or what was delegated to it, asks here first.
/// (decision 0011)
/// </summary>
public static class ZoneProtection
{
    /// <param name="zone">Null: there is no configuration, and nothing is protected.</param>
    /// <param name="uuid">Of the zone.</param>
    /// <param name="doing">What is refused: delete, uninstall.</param>
    /// <exception cref="LumosException">Indestructible.</exception>
    public static void RequireDestructible(ZoneConfig? zone, string uuid, string doing)
    {
        RequireDestructibleRoot(zone, uuid, doing);
        Require(zone, uuid, doing, ZoneAttrNames.IndestructibleDelegated);
    }

    /// <summary>The same, of what destroys the root alone.</summary>
    /// <inheritdoc cref="RequireDestructible"/>
    public static void RequireDestructibleRoot(ZoneConfig? zone, string uuid, string doing) => Require(zone, uuid, doing, ZoneAttrNames.IndestructibleRoot);

    private static void Require(ZoneConfig? zone, string uuid, string doing, string attr)
    {
        if (zone?.Attr(attr) is "true" or "1")
        {
            string property = attr.Replace('-', '_');
            throw new LumosException("Indestructible", $"{property} is set, cannot {doing}: \"vmadm update {uuid} {property}=false\" unsets it");
        }
    }
}
