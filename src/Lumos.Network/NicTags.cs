using System.Xml;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Hosting;
using Lumos.Drivers.Hosting;
using Lumos.Linux.Netlink;
using Lumos.Network.Actions;
using Lumos.Network.Model;

namespace Lumos.Network;

/// <summary>A nic tag as it is now.</summary>
/// <param name="Link">The physical link under it; null: an etherstub, or the NIC is not there. On a host that we share: the bridge.</param>
/// <param name="Mtu">Bytes.</param>
/// <param name="IsReady">Whether its bridge is there, so that zones can be plugged into it.</param>
public sealed record NicTagState(string Name, MacAddress? Mac, string? Link, int Mtu, bool IsEtherstub, bool IsReady);

/// <summary>The nic tags of the machine: the face of this project for others.</summary>
/// <param name="hosted">Null: the machine is ours and /usbkey/config says what tags there are.</param>
public sealed class NicTags(INetworkHost host, ConfigStore store, NetworkPaths paths, HostedConfig? hosted = null)
{
    /// <summary>The real ones. Looks when asked; nothing is kept.</summary>
    public static IReadOnlyList<NicTagState> Load()
    {
        using var stack = NetworkStack.Open();
        var paths = new NetworkPaths();
        return new NicTags(
            new LinuxNetworkHost(stack),
            new ConfigStore(paths, () => BootArguments.Parse(File.ReadAllText("/proc/cmdline"))),
            paths,
            HostedFile.Load()).List();
    }

    /// <summary>
    /// Every tag of the configuration, and the admin bridge where it was made without one. On a host that we share: those of
    /// hosted.json; their link is the bridge.
    /// </summary>
    public IReadOnlyList<NicTagState> List()
    {
        if (hosted is not null)
        {
            var there = host.Links();
            return hosted.Tags.Select(tag =>
            {
                var bridge = there.FirstOrDefault(l => l.Name == tag.Bridge && l.Kind == "bridge");
                return new NicTagState(tag.Name, null, tag.Bridge, bridge?.Mtu ?? NicTag.DefaultMtu, false, bridge is not null);
            }).ToList();
        }
        var spec = store.ReadSpec();
        var links = host.Links();
        var tags = spec.Tags.ToList();
        var admin = links.FirstOrDefault(l => l.Name == spec.AdminTag && l.Kind == "bridge");
        if (admin is not null && tags.All(t => t.Name != spec.AdminTag))
        {
            tags.Insert(0, new NicTag(spec.AdminTag, admin.Mac));
        }
        return tags.Select(tag =>
        {
            var bridge = links.FirstOrDefault(l => l.Name == tag.Name && l.Kind == "bridge");
            var nic = tag.IsEtherstub ? null : links.FirstOrDefault(l => l.Kind is null && l.Mac == tag.Mac);
            return new NicTagState(tag.Name, tag.Mac, nic?.Name, bridge?.Mtu ?? tag.Mtu ?? NicTag.DefaultMtu, tag.IsEtherstub, bridge is not null);
        }).ToList();
    }

    /// <summary>The VMs whose configuration names the tag.</summary>
    public IReadOnlyList<string> VmsUsing(string tag) =>
        !Directory.Exists(paths.Zones)
            ? []
            : Directory.EnumerateFiles(paths.Zones, "*.xml")
                .Where(file => Uuid.IsValid(Path.GetFileNameWithoutExtension(file)) && Uses(file, tag))
                .Select(file => Path.GetFileNameWithoutExtension(file))
                .Order(StringComparer.Ordinal)
                .ToList();

    private static bool Uses(string file, string tag)
    {
        try
        {
            using var reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element && reader.Name == "network" && reader.GetAttribute("global-nic") == tag)
                {
                    return true;
                }
            }
            return false;
        }
        catch (XmlException e)
        {
            throw new LumosException("BadZoneConfig", $"{file} cannot be read, so it is not known which nic tags it uses", inner: e);
        }
    }
}
