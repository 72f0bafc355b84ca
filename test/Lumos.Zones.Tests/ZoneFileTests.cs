using System.Xml.Linq;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>Zone files as SmartOS lays them out, of each brand: read and written, nothing of them is lost.</summary>
public sealed class ZoneFileTests
{
    [Theory]
    [InlineData("joyent")]
    [InlineData("lx")]
    [InlineData("kvm")]
    [InlineData("bhyve")]
    public void Nothing_of_a_zone_file_is_lost(string brand)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Zones", brand + ".xml");
        string before = File.ReadAllText(file);
        string after = ZoneConfigXml.Write(ZoneConfigXml.Read(before, file));
        Assert.Equal(Lines(before), Lines(after));
        Assert.Contains("""<!DOCTYPE zone PUBLIC "-//Sun Microsystems Inc//DTD Zones//EN" "file:///usr/share/lib/xml/dtd/zonecfg.dtd.1">""",
            after, StringComparison.Ordinal);
        Assert.Equal(after, ZoneConfigXml.Write(ZoneConfigXml.Read(after, file)));
    }

    [Fact]
    public void Changing_a_zone_keeps_what_is_unknown_of_it()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Zones", "bhyve.xml");
        var zone = ZoneConfigXml.Read(File.ReadAllText(file), file);
        string text = ZoneConfigXml.Write(zone.WithAttr("ram", "8192").WithRctl(ZoneAttrNames.MaxLockedMemory, 1L << 30));
        Assert.Contains("order=\"1\"", text, StringComparison.Ordinal);
        Assert.Contains("<topology sockets=\"1\" cores=\"4\" />", text, StringComparison.Ordinal);
        Assert.Contains("pool=\"pool_default\"", text, StringComparison.Ordinal);
        Assert.Contains("limit=\"1073741824\"", text, StringComparison.Ordinal);
    }

    // Every element with its attributes in order of their names; elements of one kind in their own order. An attribute
    // that the document type declares as empty says as much as none.
    private static IEnumerable<string> Lines(string xml)
    {
        var zone = XDocument.Parse(xml).Root!;
        yield return Tag(zone);
        foreach (var element in zone.Elements().GroupBy(e => e.Name.LocalName).OrderBy(g => g.Key, StringComparer.Ordinal).SelectMany(g => g))
        {
            yield return Tag(element);
            foreach (var inner in element.Descendants())
            {
                yield return "  " + Tag(inner);
            }
        }
    }

    private static string Tag(XElement element) => $"<{element.Name.LocalName} " + string.Join(' ', element.Attributes()
        .Where(a => a.Value.Length > 0 || element.Name.LocalName is not "zone").OrderBy(a => a.Name.LocalName, StringComparer.Ordinal)
        .Select(a => $"{a.Name.LocalName}='{a.Value}'")) + ">";
}
