using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Drivers.Files;

namespace Lumos.Vm.Display;

/// <summary>Where a hardware VM's screen can be seen (VNC) while it runs: an address of the global zone, and a port.</summary>
public sealed record DisplayRecord(string Host, int Port)
{
    /// <summary>VNC counts displays from this port on.</summary>
    private const int FirstPort = 5900;

    /// <summary>As <c>vmadm info UUID vnc</c> shows it.</summary>
    public JsonObject Shown() => new() { ["host"] = Host, ["port"] = Port, ["display"] = Port - FirstPort };

    internal static DisplayRecord? TryRead(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(file)) is JsonObject json && json["host"] is { } host && json["port"] is { } port
                ? new DisplayRecord((string)host!, (int)port)
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    internal void Write(string file) => AtomicFile.Write(file, JsonText.Line(Shown()));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
