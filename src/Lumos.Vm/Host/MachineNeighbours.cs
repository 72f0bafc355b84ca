using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Links;
using Lumos.Images.Oci;
using Lumos.Images.Store;
using Lumos.Network.Hosted;

namespace Lumos.Vm.Host;

/// <summary>The images of imgadm and the nic tags of this machine.</summary>
public sealed class MachineNeighbours(IDatasets datasets) : INeighbours
{
    private static readonly bool s_shared = HostedFile.Load() is not null;

    public ImageFacts? Image(string pool, Uuid uuid) => new ImageStore(datasets, new ImagePaths()).FindClonable(pool, uuid) is { } image ? Facts(image) : null;

    /// <summary>Tags whose bridge is there: a link can be put on them now.</summary>
    public ImmutableDictionary<string, NicTagFacts> NicTags() => Network.NicTags.Load()
        .Where(tag => tag.IsReady)
        .ToImmutableDictionary(tag => tag.Name, tag => new NicTagFacts(tag.Name, tag.Mtu)
        {
            LeastMtu = tag.IsEtherstub || s_shared ? 576 : 1500,
            NoVlans = WhyNoVlans(s_shared ? tag.Link! : tag.Name),
        });

    // On a host that we share, what its bridges do is its own affair: we do not make them filter.
    private static string? WhyNoVlans(string bridge)
    {
        string filter = BridgeVlans.FilterSwitch(bridge);
        return !File.Exists(filter) ? BridgeVlans.NoFiltering
            : s_shared && File.ReadAllText(filter).Trim() == "0" ? $"bridge {bridge} of this host does not tell VLANs apart (vlan_filtering is 0)"
            : null;
    }

    public void LookAtNics(string uuid)
    {
        // On a machine that is ours alone nobody gives out addresses but the network's own server.
        if (HostedFile.Load() is { } hosted)
        {
            new Dnsmasq(new HostedPaths(), _ => { }).Refresh(hosted, uuid);
        }
    }

    private static string? Text(InstalledImage image, string key) => JsonText.Plain(image.Manifest?[key]) is { Length: > 0 } text ? text : null;

    private static ImageFacts Facts(InstalledImage image) => new(
        image.Uuid,
        image.Manifest?.Type ?? (image.IsVolume ? "zvol" : "unknown"),
        image.Manifest?.Os ?? "other",
        image.Manifest is { } manifest ? $"{manifest.Name} {manifest.Version}" : "without a manifest",
        image.FinalSnapshot.ToString(),
        JsonText.Plain(image.Manifest?["requirements.brand"]) is { Length: > 0 } brand ? brand : null)
    {
        LeastRam = image.Manifest?.Requirements.MinRam,
        MostRam = image.Manifest?.Requirements.MaxRam,
        ImageSize = image.Manifest?.ImageSize,
        DiskDriver = Text(image, "disk_driver"),
        NicDriver = Text(image, "nic_driver"),
        Bootrom = image.Manifest?.Requirements.Bootrom,
        DataSource = (image.Manifest?["tags"] as System.Text.Json.Nodes.JsonObject)?[CloudInit.SeedDocuments.ImageTag] is { } source ? JsonText.Plain(source) : null,
        Docker = image.Manifest is { Type: DockerManifest.Type } docker ? docker["tags"]?.DeepClone() as System.Text.Json.Nodes.JsonObject : null,
    };
}
