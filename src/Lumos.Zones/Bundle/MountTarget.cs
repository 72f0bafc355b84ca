namespace Lumos.Zones.Bundle;

/// <summary>Where in a zone something may be mounted by its configuration. Pure.</summary>
public static class MountTarget
{
    /// <summary>What is the zone's own, and never something else's mountpoint.</summary>
    private static readonly string[] Reserved = ["/proc", "/sys", "/dev"];

    /// <summary>As it is kept: no slash at its end, none twice.</summary>
    public static string Plain(string path) => "/" + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Why a path cannot be one, as the rest of a sentence that begins with it; null: it can.</summary>
    public static string? Fault(string path)
    {
        string plain = Plain(path);
        if (!path.StartsWith('/') || plain == "/" || path.Contains('\0') || path.Split('/').Any(part => part is "." or ".."))
        {
            return "is not an absolute path below / without . and ..";
        }
        return Reserved.FirstOrDefault(own => plain == own || plain.StartsWith(own + "/", StringComparison.Ordinal)) is { } reserved
            ? $"cannot be mounted over: {reserved} is the zone's own"
            : null;
    }
}
