using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using Lumos.Core;

namespace Lumos.Zones.Config;

/// <summary>Reads and writes a zone's configuration in zonecfg's XML. The document type is named in the file and never fetched.</summary>
public static partial class ZoneConfigXml
{
    /// <exception cref="LumosException">InvalidZoneConfig: not XML, or not a zone's.</exception>
    public static ZoneConfig Read(string xml, string origin)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Ignore,
                XmlResolver = null,
                IgnoreWhitespace = true,
                IgnoreComments = true,
                IgnoreProcessingInstructions = true,
            });
            if (reader.MoveToContent() != XmlNodeType.Element || reader.Name != "zone")
            {
                throw Bad(origin, "its outermost element is not <zone>");
            }
            return ReadZone(reader, origin);
        }
        catch (XmlException e)
        {
            throw new LumosException("InvalidZoneConfig", $"{origin} is not well-formed XML", inner: e);
        }
    }

    private static ZoneConfig ReadZone(XmlReader reader, string origin)
    {
        var attributes = ReadAttributes(reader);
        string Take(string name, string? fallback = null)
        {
            int at = attributes.FindIndex(a => a.Key == name);
            if (at < 0)
            {
                return fallback ?? throw Bad(origin, $"<zone> has no attribute {name}");
            }
            string value = attributes[at].Value;
            attributes.RemoveAt(at);
            return value;
        }
        string? TakeOptional(string name) => Take(name, "") is { Length: > 0 } value ? value : null;

        string nameText = Take("name");
        if (!ZoneName.TryParse(nameText, out var zoneName))
        {
            throw Bad(origin, $"\"{nameText}\" is not a valid zone name");
        }
        string? debugId = TakeOptional("debugid");
        if (debugId is not null && !int.TryParse(debugId, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw Bad(origin, $"debugid \"{debugId}\" is not a number");
        }
        var zone = new ZoneConfig
        {
            Name = zoneName,
            ZonePath = Take("zonepath"),
            Brand = new ZoneBrand(Take("brand", "joyent")),
            Autoboot = Take("autoboot", "false") == "true",
            IpType = Take("ip-type", "exclusive"),
            LimitPriv = TakeOptional("limitpriv"),
            BootArgs = TakeOptional("bootargs"),
            FsAllowed = TakeOptional("fs-allowed"),
            ZoneDid = debugId is null ? null : int.Parse(debugId, CultureInfo.InvariantCulture),
        };
        return ReadChildren(reader, zone with { OtherAttributes = [.. attributes] }, origin);
    }

    private static ZoneConfig ReadChildren(XmlReader reader, ZoneConfig zone, string origin)
    {
        var attrs = ImmutableArray.CreateBuilder<ZoneAttr>();
        var rctls = ImmutableArray.CreateBuilder<ZoneRctl>();
        var networks = ImmutableArray.CreateBuilder<ZoneNetwork>();
        var devices = ImmutableArray.CreateBuilder<ZoneDevice>();
        var fileSystems = ImmutableArray.CreateBuilder<ZoneFileSystem>();
        var datasets = ImmutableArray.CreateBuilder<string>();
        var others = ImmutableArray.CreateBuilder<string>();
        var extras = ImmutableSortedDictionary.CreateBuilder<string, ZoneExtras>(StringComparer.Ordinal);
        long? physicalCap = null;

        if (!reader.IsEmptyElement)
        {
            reader.Read();
            while (reader.NodeType != XmlNodeType.EndElement)
            {
                if (reader.NodeType != XmlNodeType.Element)
                {
                    reader.Read();
                    continue;
                }
                if (reader.Name is not ("attr" or "rctl" or "network" or "device" or "filesystem" or "dataset" or "mcap"))
                {
                    others.Add(reader.ReadOuterXml()); // moves past it
                    continue;
                }
                var part = Part.Read(reader, origin);
                switch (part.Name)
                {
                    case "attr":
                        attrs.Add(new ZoneAttr(part.Take("name"), part.TakeOptional("type") ?? "string", part.TakeOptional("value") ?? "")
                        {
                            Extras = part.Rest(),
                        });
                        break;
                    case "rctl":
                        rctls.Add(new ZoneRctl(part.Take("name"), [.. part.TakeChildren("rctl-value")
                            .Select(v => new ZoneRctlValue(Value(v, "priv"), Value(v, "limit"), Value(v, "action")))])
                        {
                            Extras = part.Rest(),
                        });
                        break;
                    case "network":
                        networks.Add(Network(part));
                        break;
                    case "device":
                        devices.Add(new ZoneDevice(part.Take("match"), NetAttrs(part)) { Extras = part.Rest() });
                        break;
                    case "filesystem":
                        fileSystems.Add(new ZoneFileSystem
                        {
                            Special = part.Take("special"),
                            Directory = part.Take("directory"),
                            Type = part.Take("type"),
                            Raw = part.TakeOptional("raw"),
                            Options = [.. part.TakeChildren("fsoption").Select(o => Value(o, "name"))],
                            Extras = part.Rest(),
                        });
                        break;
                    case "dataset":
                        string dataset = part.Take("name");
                        datasets.Add(dataset);
                        KeepExtras(dataset, part);
                        break;
                    default:
                        string text = part.Take("physcap");
                        physicalCap = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long cap)
                            ? cap
                            : throw Bad(origin, $"physcap \"{text}\" is not a number of bytes");
                        KeepExtras("", part);
                        break;
                }
            }
        }
        return zone with
        {
            Attrs = attrs.ToImmutable(),
            Rctls = rctls.ToImmutable(),
            Networks = networks.ToImmutable(),
            Devices = devices.ToImmutable(),
            FileSystems = fileSystems.ToImmutable(),
            Datasets = datasets.ToImmutable(),
            PhysicalCap = physicalCap,
            OtherElements = others.ToImmutable(),
            ElementExtras = extras.ToImmutable(),
        };

        void KeepExtras(string key, Part part)
        {
            if (part.Rest() is { IsEmpty: false } rest)
            {
                extras[key] = rest;
            }
        }
    }

    private static ZoneNetwork Network(Part part)
    {
        var network = new ZoneNetwork
        {
            Physical = part.Take("physical"),
            MacAddr = part.TakeOptional("mac-addr"),
            VlanId = part.TakeOptional("vlan-id"),
            GlobalNic = part.TakeOptional("global-nic"),
            NetAttrs = NetAttrs(part),
        };
        var rest = part.Rest();
        return network with { OtherAttributes = rest.Attributes, OtherElements = rest.Elements };
    }

    private static ImmutableArray<KeyValuePair<string, string>> NetAttrs(Part part) =>
        [.. part.TakeChildren("net-attr").Select(a => KeyValuePair.Create(Value(a, "name"), Value(a, "value")))];

    private static string Value(List<KeyValuePair<string, string>> attributes, string name) =>
        attributes.Find(a => a.Key == name).Value ?? "";

    private static List<KeyValuePair<string, string>> ReadAttributes(XmlReader reader)
    {
        var list = new List<KeyValuePair<string, string>>();
        while (reader.MoveToNextAttribute())
        {
            list.Add(KeyValuePair.Create(reader.Name, reader.Value));
        }
        reader.MoveToElement();
        return list;
    }

    private static LumosException Bad(string origin, string what) => new("InvalidZoneConfig", $"{origin}: {what}");
}
