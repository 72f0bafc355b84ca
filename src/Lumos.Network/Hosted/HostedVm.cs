using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Xml;
using Lumos.Core;

namespace Lumos.Network.Hosted;

/// <summary>What names and addresses a VM's configuration gives it.</summary>
/// <param name="Uuid">Of the VM.</param>
/// <param name="Name">Its alias, or its host name, where that will do in DNS; else null.</param>
public sealed record HostedVm(string Uuid, string? Name, ImmutableArray<HostedVmNic> Nics)
{
    /// <summary>All VMs of a folder of zone configurations.</summary>
    public static IReadOnlyList<HostedVm> ReadAll(string folder) => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateFiles(folder, "*.xml").Select(f => Path.GetFileNameWithoutExtension(f)).Where(Core.Uuid.IsValid)
            .Order(StringComparer.Ordinal).Select(uuid => TryRead(folder, uuid)).OfType<HostedVm>()];

    /// <summary>Null: it has no configuration.</summary>
    /// <exception cref="LumosException">BadZoneConfig.</exception>
    public static HostedVm? TryRead(string folder, string uuid)
    {
        string file = Path.Combine(folder, uuid + ".xml");
        try
        {
            return Parse(uuid, File.ReadAllText(file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (XmlException e)
        {
            throw new LumosException("BadZoneConfig", $"{file} cannot be read, so it is not known which addresses it uses", inner: e);
        }
    }

    /// <summary>From the text of a zone's configuration.</summary>
    public static HostedVm Parse(string uuid, string xml)
    {
        using var reader = XmlReader.Create(
            new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        string? alias = null, hostname = null, mac = null, tag = null;
        var nics = ImmutableArray.CreateBuilder<HostedVmNic>();
        while (reader.Read())
        {
            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }
            switch (reader.Name, reader.GetAttribute("name"))
            {
                case ("attr", "alias"):
                    alias = Decoded(reader.GetAttribute("value"));
                    break;
                case ("attr", "hostname"):
                    hostname = reader.GetAttribute("value");
                    break;
                case ("network", _):
                    (mac, tag) = (reader.GetAttribute("mac-addr"), reader.GetAttribute("global-nic"));
                    break;
                case ("net-attr", "ips") when tag is not null && MacAddress.TryParse(mac ?? "", out var address):
                    nics.Add(Nic(tag, address, reader.GetAttribute("value") ?? ""));
                    break;
            }
        }
        return new HostedVm(uuid, new[] { alias, hostname }.FirstOrDefault(IsName)?.ToLowerInvariant(), nics.ToImmutable());
    }

    private static HostedVmNic Nic(string tag, MacAddress mac, string text)
    {
        string[] ips = text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        return new HostedVmNic(
            tag, mac.ToString(), ips.Contains("dhcp"),
            [.. ips.Select(ip => IpNet.TryParse(ip, out var net) && !net.IsV6 ? net.Address : null).OfType<IPAddress>()]);
    }

    /// <summary>Labels of letters, digits and hyphens; the name "0" or "1.2" would be read as an address.</summary>
    private static bool IsName(string? text) => text is { Length: > 0 and <= 253 }
        && text.Any(char.IsAsciiLetter)
        && text.Split('.').All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-'
            && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));

    private static string? Decoded(string? base64)
    {
        byte[] bytes = new byte[base64?.Length ?? 0];
        return base64 is not null && Convert.TryFromBase64String(base64, bytes, out int count) ? Encoding.UTF8.GetString(bytes, 0, count) : null;
    }
}

/// <summary>A NIC as its network sees it.</summary>
public sealed record HostedVmNic(string Tag, string Mac, bool IsDhcp, ImmutableArray<IPAddress> Addresses);
