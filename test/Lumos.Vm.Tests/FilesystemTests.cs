using Xunit;

namespace Lumos.Vm.Tests;

public sealed class FilesystemTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public FilesystemTests() => Directory.CreateDirectory(_machine.At("share/b"));

    public void Dispose() => _machine.Dispose();

    private string Share => _machine.At("share");

    [Fact]
    public void Are_made_shown_and_stored_as_zonecfg_writes_them()
    {
        string uuid = _machine.Create($$"""
            , "filesystems": [{"type": "lofs", "source": "{{Share}}", "target": "/data//in/", "options": ["ro", "nodevices"]},
                              {"type": "tmpfs", "target": "/scratch", "options": ["size=16m"]}]
            """);
        Assert.Equal($$"""
            [{"source":"{{Share}}","target":"/data/in","type":"lofs","options":["ro","nodevices"]},{"source":"swap","target":"/scratch","type":"tmpfs","options":["size=16m"]}]
            """, _machine.Get(uuid)["filesystems"]!.ToJsonString());
        string xml = File.ReadAllText(_machine.At($"etc/zones/{uuid}.xml"));
        Assert.Matches($"""<filesystem special="{Share}" directory="/data/in" type="lofs">\s*<fsoption name="ro" />\s*<fsoption name="nodevices" />\s*</filesystem>""", xml);
        Assert.False(_machine.Get(_machine.Create()).ContainsKey("filesystems"));
    }

    [Fact]
    public void Are_added_changed_and_removed_by_their_target_at_the_next_boot()
    {
        string uuid = _machine.Create();
        var run = _machine.Vmadm($$"""{"add_filesystems": [{"type": "lofs", "source": "{{Share}}", "target": "/a"}, {"type": "lofs", "source": "{{Share}}/b", "target": "/b"}]}""", "update", uuid);
        Assert.Equal((0, $"filesystems: takes effect when the VM is next started or rebooted by vmadm\nSuccessfully updated VM {uuid}\n"), (run.Status, run.Error));
        Assert.Equal(0, _machine.Vmadm("""{"update_filesystems": [{"target": "/b/", "options": ["ro"]}], "remove_filesystems": ["/a"]}""", "update", uuid).Status);
        Assert.Equal($$"""[{"source":"{{Share}}/b","target":"/b","type":"lofs","options":["ro"]}]""", _machine.Get(uuid)["filesystems"]!.ToJsonString());
        Assert.Contains("the VM has no file system at /zz", _machine.Vmadm("""{"remove_filesystems": ["/zz"]}""", "update", uuid).Error, StringComparison.Ordinal);
        Assert.Equal(0, _machine.Vmadm("""{"remove_filesystems": ["/b"]}""", "update", uuid).Status);
        Assert.False(_machine.Get(uuid).ContainsKey("filesystems"));
    }

    [Theory]
    [InlineData("""{"type": "lofs", "target": "/a"}""", "Missing required properties: filesystems.*.source")]
    [InlineData("""{"type": "lofs", "source": "/no/such/path", "target": "/a"}""", "/no/such/path does not exist")]
    [InlineData("""{"type": "lofs", "source": "data", "target": "/a"}""", "\"data\" is not an absolute path")]
    [InlineData("""{"type": "lofs", "source": "SHARE/link", "target": "/a"}""", "goes through a symbolic link")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/a/../b"}""", "without . and ..")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/"}""", "below /")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/proc/x"}""", "/proc is the zone's own")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/a", "options": ["devices"]}""", "\"devices\" is no option of a file system of type lofs")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/a", "options": ["size=1m"]}""", "\"size=1m\" is no option")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/a", "options": "ro"}""", "is an array of texts")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/a", "raw": "/dev/x"}""", "raw")]
    [InlineData("""{"type": "nfs", "source": "h:/x", "target": "/a"}""", "\"nfs\" cannot be mounted (lofs, tmpfs)")]
    [InlineData("""{"type": "lofs", "source": "SHARE", "target": "/a"}, {"type": "tmpfs", "target": "/a"}""", "/a is given to two file systems")]
    public void What_cannot_be_mounted_is_refused(string filesystem, string why)
    {
        File.CreateSymbolicLink(_machine.At("share/link"), "/etc");
        var run = _machine.Vmadm($$"""{"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "filesystems": [{{filesystem.Replace("SHARE", Share)}}]}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }
}
