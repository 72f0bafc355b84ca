using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Xunit;

namespace Lumos.Linux.Tests;

public sealed class RootedDirectoryTests : IDisposable
{
    private readonly string _outside = Directory.CreateTempSubdirectory("lumos-rooted-").FullName;
    private readonly string _root;
    private readonly RootedDirectory _zone;

    public RootedDirectoryTests()
    {
        _root = Path.Combine(_outside, "root");
        Directory.CreateDirectory(Path.Combine(_root, "etc"));
        _zone = RootedDirectory.Open(_root);
    }

    public void Dispose()
    {
        _zone.Dispose();
        Directory.Delete(_outside, recursive: true);
    }

    [Fact]
    public void A_written_file_is_whole_with_its_mode_and_no_temporary()
    {
        _zone.Write("/etc/resolv.conf", "nameserver 1.1.1.1\n", 0x1a0, Owner, Owner);
        Assert.Equal("nameserver 1.1.1.1\n", _zone.ReadText("etc/resolv.conf"));
        Assert.Equal(0x1a0, _zone.Status("/etc/resolv.conf")!.Mode);
        Assert.Equal(["resolv.conf"], Directory.GetFileSystemEntries(Path.Combine(_root, "etc")).Select(Path.GetFileName));
    }

    [Fact]
    public void Links_and_dots_stay_inside()
    {
        File.WriteAllText(Path.Combine(_outside, "secret"), "host");
        File.CreateSymbolicLink(Path.Combine(_root, "abs"), Path.Combine(_outside, "secret"));
        File.CreateSymbolicLink(Path.Combine(_root, "up"), "../../../../" + _outside + "/secret");
        Directory.CreateSymbolicLink(Path.Combine(_root, "dir"), _outside);
        foreach (string path in new[] { "/abs", "/up", "/dir/secret", "../secret" })
        {
            var error = Assert.Throws<ErrnoException>(() => _zone.ReadText(path));
            Assert.Equal(Errno.ENOENT, error.Errno);
        }
        Assert.Throws<ErrnoException>(() => _zone.Write("/dir/secret", "owned", user: Owner, group: Owner));
        Assert.False(_zone.Remove("/dir/secret"));
        Assert.Equal("host", File.ReadAllText(Path.Combine(_outside, "secret")));
    }

    [Fact]
    public void Writing_over_a_link_replaces_the_link()
    {
        File.WriteAllText(Path.Combine(_root, "target"), "kept");
        File.CreateSymbolicLink(Path.Combine(_root, "etc/hosts"), "../target");
        _zone.Write("/etc/hosts", "new", user: Owner, group: Owner);
        Assert.Equal(("kept", "new"), (_zone.ReadText("/target"), _zone.ReadText("/etc/hosts")));
        Assert.Equal(FileKind.Regular, _zone.Status("/etc/hosts")!.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Several_files_are_whole_too_and_follow_no_link(bool sync)
    {
        File.WriteAllText(Path.Combine(_root, "target"), "kept");
        File.CreateSymbolicLink(Path.Combine(_root, "etc/hosts"), "../target");
        _zone.MakeDirectories("/var");
        _zone.WriteAll(
            [FileContent.Text("/etc/hosts", "new"), FileContent.Text("/var/marker", "", 0x180), FileContent.Text("/etc/hostname", "web")], sync, Owner, Owner);
        Assert.Equal(("kept", "new", "web"), (_zone.ReadText("/target"), _zone.ReadText("/etc/hosts"), _zone.ReadText("/etc/hostname")));
        Assert.Equal(0x180, _zone.Status("/var/marker")!.Mode);
        Assert.Equal(["hostname", "hosts"], Directory.GetFileSystemEntries(Path.Combine(_root, "etc")).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("hard link")]
    [InlineData("fifo")]
    public void What_lies_where_a_file_is_written_first_goes_and_is_not_followed(string left)
    {
        string secret = Path.Combine(_outside, "secret"), temporary = Path.Combine(_root, "etc", RootedDirectory.TemporaryOf("hosts"));
        File.WriteAllText(secret, "host");
        _ = left switch
        {
            "file" => Drivers.Tools.Tool.Run("cp", secret, temporary),
            "link" => Drivers.Tools.Tool.Run("ln", "-s", secret, temporary),
            "hard link" => Drivers.Tools.Tool.Run("ln", secret, temporary),
            _ => Drivers.Tools.Tool.Run("mkfifo", temporary),
        };
        Assert.NotNull(_zone.Status("/etc/" + RootedDirectory.TemporaryOf("hosts")));
        _zone.Write("/etc/hosts", "new", user: Owner, group: Owner);
        Assert.Equal(("new", "host"), (_zone.ReadText("/etc/hosts"), File.ReadAllText(secret)));
        Assert.Equal(["hosts"], Directory.GetFileSystemEntries(Path.Combine(_root, "etc")).Select(Path.GetFileName));
    }

    [Fact]
    public void A_directory_where_a_file_is_written_first_is_an_error_that_names_it()
    {
        string temporary = RootedDirectory.TemporaryOf("hosts");
        _zone.Write("/etc/hosts", "old", user: Owner, group: Owner);
        Directory.CreateDirectory(Path.Combine(_root, "etc", temporary));
        var error = Assert.Throws<ErrnoException>(() => _zone.Write("/etc/hosts", "new", user: Owner, group: Owner));
        Assert.Equal(Errno.EISDIR, error.Errno);
        Assert.Contains($"/etc/{temporary}, which is in the way of /etc/hosts", error.Message);
        Assert.Equal("old", _zone.ReadText("/etc/hosts"));
    }

    [Fact]
    public void A_name_as_long_as_names_can_be_is_written()
    {
        string name = new('n', 255);
        _zone.Write("/etc/" + name, "long", user: Owner, group: Owner);
        Assert.Equal("long", _zone.ReadText("/etc/" + name));
    }

    [Fact]
    public void A_fifo_does_not_block_a_read()
    {
        Assert.Equal(0, Drivers.Tools.Tool.Run("mkfifo", Path.Combine(_root, "pipe")).Status);
        Assert.Equal(Errno.EINVAL, Assert.Throws<ErrnoException>(() => _zone.ReadText("/pipe")).Errno);
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused()
    {
        _zone.Write("/big", new byte[2000], user: Owner, group: Owner);
        Assert.Equal(Errno.EFBIG, Assert.Throws<ErrnoException>(() => _zone.Read("/big", most: 1999)).Errno);
        Assert.Equal(2000, _zone.Read("/big", most: 2000).Length);
    }

    [Fact]
    public void Directories_renames_and_removals()
    {
        _zone.MakeDirectories("/var/svc/log");
        Assert.False(_zone.MakeDirectory("/var/svc", user: Owner, group: Owner));
        _zone.Write("/var/svc/provisioning", "", user: Owner, group: Owner);
        _zone.Rename("/var/svc/provisioning", "/var/svc/provision_success");
        Assert.False(_zone.Exists("/var/svc/provisioning"));
        Assert.True(_zone.Remove("/var/svc/provision_success"));
        Assert.False(_zone.Remove("/var/svc/provision_success"));
        Assert.True(_zone.RemoveDirectory("/var/svc/log"));
        foreach (string nameless in new[] { "/", "", "/var/..", "." })
        {
            Assert.Equal(Errno.EINVAL, Assert.Throws<ErrnoException>(() => _zone.Remove(nameless)).Errno);
        }
    }

    // MakeDirectories makes root's; the tests run as root on the build machines and as a user on a laptop.
    private static uint Owner { get; } = FileStatus.Of("/proc/self").User;
}
