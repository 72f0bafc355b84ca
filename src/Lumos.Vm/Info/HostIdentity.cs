using System.Text.Json.Nodes;

namespace Lumos.Vm.Info;

/// <summary>What every VM shows of the machine it is on.</summary>
public sealed record HostIdentity(string? ServerUuid, string? Platform)
{
    /// <summary>From the firmware and the image; a machine that does not say shows nothing.</summary>
    public static HostIdentity Read() => new(
        Line("/sys/class/dmi/id/product_uuid")?.ToLowerInvariant(),
        Line("/etc/version/platform"));

    public void AddTo(JsonObject vm)
    {
        if (ServerUuid is not null)
        {
            vm["server_uuid"] = ServerUuid;
        }
        if (Platform is not null)
        {
            vm["platform_buildstamp"] = Platform;
        }
    }

    private static string? Line(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim() is { Length: > 0 } line ? line : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
