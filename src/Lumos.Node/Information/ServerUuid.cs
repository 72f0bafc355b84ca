using Lumos.Core;

namespace Lumos.Node.Information;

/// <summary>The machine's UUID: the boot argument override_uuid, else the one stored with the pool, else the hardware's.</summary>
internal static class ServerUuid
{
    /// <summary>The user property of zones/var that holds it, SmartOS's name.</summary>
    internal const string Property = "org.smartos:server_uuid";

    /// <summary>SMBIOS's UUID, in lower case; null when it is none (missing, all zeros or ones, a maker's filler).</summary>
    internal static string? FromHardware(string? text)
    {
        string uuid = (text ?? "").Trim().ToLowerInvariant();
        return Uuid.TryParse(uuid, out var value) && value != Uuid.Zero && uuid.Any(c => c is not ('f' or '-'))
            && uuid != "03000200-0400-0500-0006-000700080009"
            ? uuid
            : null;
    }
}
