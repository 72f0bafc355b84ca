using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Zones.Docker;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>Volumes beside a zone's root, in a folder that stands for its dataset.</summary>
[Trait("level", "host")]
public sealed class DockerVolumesTests : IDisposable
{
    private readonly string _zone = Directory.CreateTempSubdirectory("lumos-volumes-").FullName;

    public DockerVolumesTests() => Directory.CreateDirectory(In("root/data/sub"));

    public void Dispose() => Directory.Delete(_zone, recursive: true);

    [Fact]
    public void The_first_boot_takes_what_the_root_has_with_its_owner_and_later_ones_what_the_volume_has()
    {
        File.WriteAllText(In("root/data/sub/seed"), "seed");
        using (var root = RootedDirectory.Open(In("root")))
        {
            root.SetOwner("/data", 1000, 2000);
        }
        File.SetUnixFileMode(In("root/data"), (UnixFileMode)0b111_000_000);
        var mounts = DockerVolumes.Prepare(Spec("/data", "/srv/new")).Mounts;
        Assert.Equal([(In("volumes/data"), "/data", "lofs"), (In("volumes/srv%2Fnew"), "/srv/new", "lofs")], mounts.Select(m => (m.Source, m.Target, m.Type)));
        var status = FileStatus.Of(In("volumes/data"));
        Assert.Equal((1000u, 2000u, 0b111_000_000, "seed"), (status.User, status.Group, status.Mode, File.ReadAllText(In("volumes/data/sub/seed"))));
        Assert.Equal((0u, 0x1ed), (FileStatus.Of(In("volumes/srv%2Fnew")).User, FileStatus.Of(In("volumes/srv%2Fnew")).Mode));
        File.WriteAllText(In("volumes/data/sub/seed"), "grown");
        _ = DockerVolumes.Prepare(Spec("/data", "/srv/new"));
        Assert.Equal("grown", File.ReadAllText(In("volumes/data/sub/seed")));
        Assert.Equal(["data", "srv%2Fnew"], Directory.GetDirectories(In("volumes")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Outer_ones_come_first_and_a_file_system_of_the_configuration_goes_before()
    {
        var spec = Spec("/data/sub", "/data", "/own") with { Mounts = [new ZoneMount("/host", "/data/sub/deep", "lofs", []), new ZoneMount("/host", "/own/", "lofs", [])] };
        Assert.Equal(["/own/", "/data", "/data/sub", "/data/sub/deep"], DockerVolumes.Prepare(spec).Mounts.Select(m => m.Target).OrderBy(t => t.StartsWith("/own") ? 0 : 1));
        Assert.False(Directory.Exists(In("volumes/own")));
    }

    [Fact]
    public void What_a_killed_copy_left_is_begun_anew_and_a_link_of_the_root_leads_nowhere_else()
    {
        Directory.CreateDirectory(In("volumes/.new/tree"));
        File.WriteAllText(In("volumes/.new/tree/half"), "half");
        Directory.CreateDirectory(In("outside"));
        File.WriteAllText(In("outside/secret"), "secret");
        File.CreateSymbolicLink(In("root/led"), "../../outside");
        File.CreateSymbolicLink(In("root/data/secret"), In("outside/secret"));
        _ = DockerVolumes.Prepare(Spec("/data", "/led"));
        Assert.Equal(["data", "led"], Directory.GetFileSystemEntries(In("volumes")).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.GetFileSystemEntries(In("volumes/led")));
        Assert.Equal(In("outside/secret"), new FileInfo(In("volumes/data/secret")).LinkTarget);
    }

    [Fact]
    public void A_place_that_is_none_keeps_the_zone_from_booting()
    {
        File.WriteAllText(In("root/file"), "");
        Assert.Equal("ZoneCannotBoot", Assert.Throws<LumosException>(() => DockerVolumes.Prepare(Spec("/file"))).Code);
        Directory.Delete(In("volumes"), recursive: true);
        File.CreateSymbolicLink(In("volumes"), "/");
        Assert.Equal("ZoneCannotBoot", Assert.Throws<LumosException>(() => DockerVolumes.Prepare(Spec("/data"))).Code);
        File.Delete(In("volumes"));
    }

    [Fact]
    public void They_are_brought_to_the_next_root_whole_over_whatever_its_image_has_there()
    {
        _ = DockerVolumes.Prepare(Spec("/data"));
        File.WriteAllText(In("volumes/data/kept"), "kept");
        Directory.CreateDirectory(In("next"));
        Assert.False(DockerVolumes.Bring(In("root"), In("next")));
        File.CreateSymbolicLink(In("next/volumes"), "/");
        Assert.True(DockerVolumes.Bring(_zone, In("next")));
        Assert.Equal("kept", File.ReadAllText(In("next/volumes/data/kept")));
    }

    private string In(string path) => Path.Combine(_zone, path);

    private ZoneSpec Spec(params string[] volumes) => new()
    {
        Name = ZoneName.Parse("web"), Brand = ZoneBrand.Lx, ZoneDid = 1, ZonePath = _zone, Hostname = "box", Docker = new DockerZone { Volumes = [.. volumes] },
    };
}
