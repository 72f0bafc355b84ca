using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Xml;

namespace Lumos.Zones.Config;

public static partial class ZoneConfigXml
{
    private const string PublicId = "-//Sun Microsystems Inc//DTD Zones//EN";
    private const string SystemId = "file:///usr/share/lib/xml/dtd/zonecfg.dtd.1";

    public static string Write(ZoneConfig zone)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(new Utf8StringWriter(text), new XmlWriterSettings
        {
            Indent = true,
            IndentChars = "  ",
            NewLineChars = "\n",
        }))
        {
            writer.WriteStartDocument();
            writer.WriteDocType("zone", PublicId, SystemId, null);
            writer.WriteStartElement("zone");
            writer.WriteAttributeString("name", zone.Name.Text);
            writer.WriteAttributeString("zonepath", zone.ZonePath);
            writer.WriteAttributeString("autoboot", zone.Autoboot ? "true" : "false");
            writer.WriteAttributeString("brand", zone.Brand.Name);
            WriteOptional(writer, "limitpriv", zone.LimitPriv);
            WriteOptional(writer, "bootargs", zone.BootArgs);
            writer.WriteAttributeString("ip-type", zone.IpType);
            WriteOptional(writer, "fs-allowed", zone.FsAllowed);
            WriteOptional(writer, "debugid", zone.ZoneDid?.ToString(CultureInfo.InvariantCulture));
            WriteAttributes(writer, zone.OtherAttributes);
            WriteChildren(writer, zone);
            writer.WriteEndElement();
            writer.WriteEndDocument();
        }
        return text.Append('\n').ToString();
    }

    // In each element: attributes first, what we know before what we do not, then what is inside.
    private static void WriteChildren(XmlWriter writer, ZoneConfig zone)
    {
        foreach (var fs in zone.FileSystems)
        {
            writer.WriteStartElement("filesystem");
            writer.WriteAttributeString("special", fs.Special);
            WriteOptional(writer, "raw", fs.Raw);
            writer.WriteAttributeString("directory", fs.Directory);
            writer.WriteAttributeString("type", fs.Type);
            WriteAttributes(writer, fs.Extras.Attributes);
            foreach (string option in fs.Options)
            {
                writer.WriteStartElement("fsoption");
                writer.WriteAttributeString("name", option);
                writer.WriteEndElement();
            }
            WriteElements(writer, fs.Extras.Elements);
            writer.WriteEndElement();
        }
        foreach (var network in zone.Networks)
        {
            writer.WriteStartElement("network");
            WriteOptional(writer, "mac-addr", network.MacAddr);
            WriteOptional(writer, "vlan-id", network.VlanId);
            writer.WriteAttributeString("physical", network.Physical);
            WriteOptional(writer, "global-nic", network.GlobalNic);
            WriteAttributes(writer, network.OtherAttributes);
            WriteNetAttrs(writer, network.NetAttrs);
            WriteElements(writer, network.OtherElements);
            writer.WriteEndElement();
        }
        foreach (var device in zone.Devices)
        {
            writer.WriteStartElement("device");
            writer.WriteAttributeString("match", device.Match);
            WriteAttributes(writer, device.Extras.Attributes);
            WriteNetAttrs(writer, device.NetAttrs);
            WriteElements(writer, device.Extras.Elements);
            writer.WriteEndElement();
        }
        foreach (var rctl in zone.Rctls)
        {
            writer.WriteStartElement("rctl");
            writer.WriteAttributeString("name", rctl.Name);
            WriteAttributes(writer, rctl.Extras.Attributes);
            foreach (var value in rctl.Values)
            {
                writer.WriteStartElement("rctl-value");
                writer.WriteAttributeString("priv", value.Privilege);
                writer.WriteAttributeString("limit", value.Limit);
                writer.WriteAttributeString("action", value.Action);
                writer.WriteEndElement();
            }
            WriteElements(writer, rctl.Extras.Elements);
            writer.WriteEndElement();
        }
        foreach (var attr in zone.Attrs)
        {
            writer.WriteStartElement("attr");
            writer.WriteAttributeString("name", attr.Name);
            writer.WriteAttributeString("type", attr.Type);
            writer.WriteAttributeString("value", attr.Value);
            WriteExtras(writer, attr.Extras);
            writer.WriteEndElement();
        }
        foreach (string dataset in zone.Datasets)
        {
            writer.WriteStartElement("dataset");
            writer.WriteAttributeString("name", dataset);
            WriteExtras(writer, zone.ElementExtras.GetValueOrDefault(dataset, ZoneExtras.None));
            writer.WriteEndElement();
        }
        if (zone.PhysicalCap is { } cap)
        {
            writer.WriteStartElement("mcap");
            writer.WriteAttributeString("physcap", cap.ToString(CultureInfo.InvariantCulture));
            WriteExtras(writer, zone.ElementExtras.GetValueOrDefault("", ZoneExtras.None));
            writer.WriteEndElement();
        }
        WriteElements(writer, zone.OtherElements);
    }

    private static void WriteExtras(XmlWriter writer, ZoneExtras extras)
    {
        WriteAttributes(writer, extras.Attributes);
        WriteElements(writer, extras.Elements);
    }

    private static void WriteAttributes(XmlWriter writer, ImmutableArray<KeyValuePair<string, string>> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            writer.WriteAttributeString(name, value);
        }
    }

    private static void WriteElements(XmlWriter writer, ImmutableArray<string> elements)
    {
        foreach (string element in elements)
        {
            using var reader = XmlReader.Create(new StringReader(element),
                new XmlReaderSettings { ConformanceLevel = ConformanceLevel.Fragment, XmlResolver = null });
            writer.WriteNode(reader, defattr: false);
        }
    }

    private static void WriteNetAttrs(XmlWriter writer, ImmutableArray<KeyValuePair<string, string>> attrs)
    {
        foreach (var (name, value) in attrs)
        {
            writer.WriteStartElement("net-attr");
            writer.WriteAttributeString("name", name);
            writer.WriteAttributeString("value", value);
            writer.WriteEndElement();
        }
    }

    private static void WriteOptional(XmlWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteAttributeString(name, value);
        }
    }

    private sealed class Utf8StringWriter(StringBuilder text) : StringWriter(text, CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
