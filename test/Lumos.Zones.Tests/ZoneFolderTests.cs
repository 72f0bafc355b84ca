using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-zone-folder").FullName;

    private string Outside => At("outside");

    private string Zone => At("zone");

    public ZoneFolderTests()
    {
        Directory.CreateDirectory(Path.Combine(Outside, "etc"));
        Directory.CreateDirectory(Path.Combine(Zone, "root/etc"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Of_an_image_the_root_stays_and_nothing_beside_it()
    {
        Write("zone/config/tags.json");
        Write("zone/note");
        Link("zone/root/link");
        Link("zone/logs");
        ZoneFolder.KeepOnlyRoot(Zone);
        Assert.Equal(["root"], Names("zone"));
        Assert.Equal(["etc", "link"], Names("zone/root"));
        Assert.Equal(["etc"], Names("outside"));
    }

    [Fact]
    public void A_root_that_is_a_link_goes_and_cannot_be_opened()
    {
        Directory.Delete(Path.Combine(Zone, "root"), recursive: true);
        Link("zone/root");
        Assert.ThrowsAny<IOException>(() => ZoneFolder.OpenRoot(Zone));
        ZoneFolder.KeepOnlyRoot(Zone);
        Assert.Empty(Names("zone"));
        Assert.Equal(["etc"], Names("outside"));
    }

    [Fact]
    public void What_leads_away_goes_from_everywhere_but_the_tenants_places()
    {
        Write("zone/config/tags.json");
        Write("zone/volumes/data/file");
        Link("zone/config/routes.json");
        Link("zone/logs/deep/console.log");
        Link("zone/cores");
        Link("zone/volumes/away");
        Link("zone/volumes/data/link");
        Link("zone/root/link");
        Tool.Run("mkfifo", At("zone/config/fifo")).OrThrow();
        var removed = ZoneFolder.RemoveWhatLeadsAway(Zone);
        Assert.Equal(
            ["config/fifo", "config/routes.json", "cores", "logs/deep/console.log", "volumes/away"],
            removed.Select(path => Path.GetRelativePath(Zone, path)).Order(StringComparer.Ordinal));
        Assert.Equal(["tags.json"], Names("zone/config"));
        Assert.Equal(["file", "link"], Names("zone/volumes/data"));
        Assert.Equal(["etc", "link"], Names("zone/root"));
        Assert.Empty(ZoneFolder.RemoveWhatLeadsAway(Zone));
    }

    private void Write(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), "x");
    }

    private void Link(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.CreateSymbolicLink(At(name), Outside);
    }

    private IEnumerable<string?> Names(string folder) => Directory.EnumerateFileSystemEntries(At(folder)).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private string At(string name) => Path.Combine(_folder, name);
}
