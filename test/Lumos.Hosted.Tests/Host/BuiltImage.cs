using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>An image of <c>./lumos build images</c>, installed while a test needs it.</summary>
internal sealed class BuiltImage(HostedRoot root, string uuid) : IDisposable
{
    /// <summary>The folder of manifests and streams; <c>./lumos test host</c> builds them and says where they are.</summary>
    private const string Folder = "LUMOS_ZONE_IMAGES";

    internal string Uuid => uuid;

    internal static BuiltImage Install(HostedRoot root, string name)
    {
        string[] manifests = Environment.GetEnvironmentVariable(Folder) is { } folder ? Directory.GetFiles(folder, name + "-*.json") : [];
        if (manifests is not [var manifest])
        {
            string reason = $"{Folder} names no folder with one image {name}; \"./lumos test host\" builds it";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Fail(reason);
            return null!;
        }
        root.Command("imgadm", "install", "-m", manifest, "-f", Path.ChangeExtension(manifest, ".zfs.gz")).OrThrow();
        return new BuiltImage(root, (string)JsonNode.Parse(File.ReadAllText(manifest))!["uuid"]!);
    }

    public void Dispose() => root.Command("imgadm", "delete", uuid).OrThrow();
}
