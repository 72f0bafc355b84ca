using System.Text.Json.Nodes;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The images that zones are made from.</summary>
internal static class TestImages
{
    internal const string Native = "5a7e0000-0000-4000-8000-0000000000a1";

    internal static string NativeStream { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures", "lumos-base.zfs.gz");

    /// <summary>lumos-base from the stream that OpenZFS made of it.</summary>
    internal static void InstallNative(HostedRoot root) =>
        root.Command("imgadm", "install", "-m", Manifest(Native, "lumos-base", "zone-dataset", "smartos", NativeStream, "gzip"), "-f", NativeStream).OrThrow();

    /// <summary>Writes a manifest for a stream and returns its path.</summary>
    internal static string Manifest(string uuid, string name, string type, string os, string stream, string compression)
    {
        string file = Path.Combine(HostedRoot.Temporary, $"{name}.json");
        File.WriteAllText(file, new JsonObject
        {
            ["v"] = 2, ["uuid"] = uuid, ["owner"] = Guid.Empty.ToString(), ["name"] = name, ["version"] = "1.0.0", ["type"] = type, ["os"] = os,
            ["state"] = "active", ["disabled"] = false, ["public"] = true, ["published_at"] = "2026-11-20T00:00:00.000Z",
            ["files"] = new JsonArray(new JsonObject { ["compression"] = compression, ["size"] = new FileInfo(stream).Length, ["sha1"] = Sha1(stream) }),
        }.ToJsonString());
        return file;
    }

#pragma warning disable CA5350 // the manifest's format names SHA-1
    private static string Sha1(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(stream));
    }
#pragma warning restore CA5350
}
