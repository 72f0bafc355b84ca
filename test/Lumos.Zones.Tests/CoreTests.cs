using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Applets;
using Lumos.Zones.Cores;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class CoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-cores-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_core_is_kept_for_root_alone()
    {
        var (file, length, cut) = Folder().Write("svc.startd", 42, DateTimeOffset.UnixEpoch, new MemoryStream([1, 2, 3]));
        Assert.Equal((At("core.svc.startd.42"), 3L, false), (file, length, cut));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Theory]
    [InlineData("../../etc/x", ".._.._etc_x")]
    [InlineData("a b\n;", "a_b__")]
    [InlineData("", "_")]
    public void A_programs_name_is_no_path(string program, string plain)
    {
        Assert.Equal(plain, CoreFolder.Plain(program));
        Assert.Equal(_folder, Path.GetDirectoryName(Folder().Write(program, 1, DateTimeOffset.UnixEpoch, new MemoryStream([1])).File));
    }

    [Fact]
    public void No_link_is_followed()
    {
        string outside = Path.Combine(_folder, "outside");
        File.WriteAllText(outside, "precious");
        string cores = At("cores");
        Directory.CreateDirectory(cores);
        File.CreateSymbolicLink(Path.Combine(cores, "core.x.1"), outside);
        new CoreFolder(cores).Write("x", 1, DateTimeOffset.UnixEpoch, new MemoryStream([9]));
        Assert.Equal("precious", File.ReadAllText(outside));
        Assert.Null(new FileInfo(Path.Combine(cores, "core.x.1")).LinkTarget);
    }

    [Fact]
    public void Length_number_and_sum_are_bounded_and_the_newest_stay()
    {
        var folder = new CoreFolder(At("cores")) { MostBytes = 100, MostBytesInAll = 350, MostFiles = 3 };
        for (int pid = 1; pid <= 6; pid++)
        {
            var (file, length, cut) = folder.Write("x", pid, DateTimeOffset.UnixEpoch, new MemoryStream(new byte[500]));
            Assert.Equal((100, true), (length, cut));
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddDays(pid));
        }
        Assert.Equal(["core.x.4", "core.x.5", "core.x.6"], Directory.GetFiles(At("cores")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_global_zone_keeps_its_own_where_there_is_a_folder()
    {
        var notes = new List<string>();
        Assert.Equal(0, Dump(notes, At("none")));
        Assert.Contains("no core is kept", Assert.Single(notes), StringComparison.Ordinal);
        Assert.Equal(0, Dump(notes, _folder));
        Assert.Equal("core", File.ReadAllText(Assert.Single(Directory.GetFiles(_folder, "core.*"))));
        Assert.Throws<UsageException>(() => new CoreDump(new AppletContext { Name = "core-dump", Args = ["x", "11", "0"] }, new ZoneLayout(), _folder, _ => { }).Run());
    }

    [Fact]
    public void The_pattern_fits_the_kernel() => Assert.InRange(CorePattern.Handler.Length, 1, 127);

    [Fact]
    public void In_hosted_mode_the_hosts_pattern_is_left_alone()
    {
        File.WriteAllText(At("pattern"), "core\n");
        Assert.Equal("HostsOwn", Assert.Throws<LumosException>(() => Admin(hosted: true, "-u")).Code);
        Assert.Equal("core\n", File.ReadAllText(At("pattern")));
        Assert.False(File.Exists(At("limit")));
        Assert.Contains("zone core dumps: not kept", Admin(hosted: true), StringComparison.Ordinal);
        File.WriteAllText(At("pattern"), CorePattern.Handler + "\n");
        Assert.Contains("zone core file pattern: ZONEPATH/cores/core.%f.%p", Admin(hosted: false), StringComparison.Ordinal);
    }

    private string Admin(bool hosted, params string[] words)
    {
        var output = new StringWriter { NewLine = "\n" };
        new CoreAdm(new AppletContext { Name = "coreadm", Args = words, Out = output }, hosted, At("pattern"), At("limit")).Run();
        return output.ToString();
    }

    private int Dump(List<string> notes, string folder) => new CoreDump(
        new AppletContext
        {
            Name = "core-dump", Args = [Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), "11", "1700000000"],
            OpenInput = () => new MemoryStream("core"u8.ToArray()),
        },
        new ZoneLayout { Configurations = At("etc") }, folder, notes.Add).Run();

    private CoreFolder Folder() => new(_folder);

    private string At(string name) => Path.Combine(_folder, name);
}
