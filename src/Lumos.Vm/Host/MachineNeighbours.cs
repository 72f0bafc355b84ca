using System.Collections.Immutable;
using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Store;

namespace Lumos.Vm.Host;

/// <summary>The images of imgadm and the nic tags of this machine.</summary>
public sealed class MachineNeighbours(IDatasets datasets) : INeighbours
{
    private const string Links = "/sys/class/net";

    public ImmutableDictionary<Uuid, ImageFacts> Images(string pool) =>
        new ImageStore(datasets, new ImagePaths()).List()
            .Where(image => image.Pool == pool && datasets.Exists(image.FinalSnapshot))
            .ToImmutableDictionary(image => image.Uuid, Facts);

    /// <summary>A nic tag that links can be put on is a bridge of its name.</summary>
    public ImmutableDictionary<string, NicTagFacts> NicTags() => Directory.EnumerateDirectories(Links)
        .Where(link => Directory.Exists(Path.Combine(link, "bridge")))
        .Select(link => new NicTagFacts(Path.GetFileName(link), int.Parse(File.ReadAllText(Path.Combine(link, "mtu")), CultureInfo.InvariantCulture)))
        .ToImmutableDictionary(tag => tag.Name);

    private static ImageFacts Facts(InstalledImage image) => new(
        image.Uuid,
        image.Manifest?.Type ?? (image.IsVolume ? "zvol" : "unknown"),
        image.Manifest?.Os ?? "other",
        image.Manifest is { } manifest ? $"{manifest.Name} {manifest.Version}" : "without a manifest",
        image.FinalSnapshot.ToString(),
        JsonText.Plain(image.Manifest?["requirements.brand"]) is { Length: > 0 } brand ? brand : null);
}
