using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Zones.Bundle;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>
/// A zone's isolation as one can read it: the golden files are config.json whole. After a change that is meant, run the
/// tests with LUMOS_UPDATE_GOLDEN=test/Lumos.Zones.Tests/Golden (as a whole path) and review the difference.
/// </summary>
public sealed class OciBundleTests
{
    [Fact]
    public void Native_zone() => Golden("native.json", OciBundle.ConfigJson(Specs.Native, Specs.Places(unified: true)));

    [Fact]
    public void Lx_zone() => Golden("lx.json", OciBundle.ConfigJson(Specs.Lx, Specs.Places(unified: true)));

    [Fact]
    public void Native_zone_without_cgroup2() =>
        Golden("native-cgroup1.json", OciBundle.ConfigJson(Specs.Native, Specs.Places(unified: false)));

    [Fact]
    public void Process() => Golden("process.json", OciBundle.ProcessJson(new ZoneCommand
    {
        Argv = ["/bin/sh", "-c", "echo \"a b\" 'c'"],
        Environment = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("HOME", "/home/u"),
        WorkingDirectory = "/home/u",
        Uid = 1000,
        Gid = 1000,
        OtherGids = [27],
        Terminal = true,
    }, SecurityProfile.Capabilities));

    [Fact]
    public void Each_zone_has_its_own_range_of_ids()
    {
        Assert.Equal(65536u * 4, Specs.Native.FirstId);
        Assert.Equal(65536u * 5, (Specs.Native with { ZoneDid = 4 }).FirstId);
        Assert.Equal(uint.MaxValue - 65535, ZoneSpec.FirstIdOf(65534));
        Assert.Throws<OverflowException>(() => ZoneSpec.FirstIdOf(65535));
    }

    [Fact]
    public void No_capability_reaches_the_clock_modules_or_logs()
    {
        string[] never = ["CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_TIME", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_SYSLOG", "CAP_BPF", "CAP_PERFMON"];
        Assert.Empty(SecurityProfile.Capabilities.Intersect(never));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 15)]
    [InlineData(1024, 156)]
    [InlineData(65535, 10000)]
    [InlineData(0, 1)]
    public void Shares_become_weights(int shares, int weight) => Assert.Equal(weight, ZoneLimits.Weight(shares));

    [Fact]
    public void Limits_that_are_not_set_are_lifted() => Assert.Equal(
        ["cpu.max=max 100000", "cpu.weight=15", "memory.max=max", "memory.swap.max=max", "pids.max=max"],
        ZoneLimits.CgroupFiles(Specs.Lx).Select(f => $"{f.Key}={f.Value}"));

    [Fact]
    public void Swap_counts_memory_too() => Assert.Contains(
        KeyValuePair.Create("memory.swap.max", (256L << 20).ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ZoneLimits.CgroupFiles(Specs.Native));

    [Theory]
    [InlineData(null, "mode=1777")]
    [InlineData(64L << 20, "size=67108864")]
    [InlineData(0L, null)]
    public void Tmp_is_in_memory_unless_tmpfs_is_zero(long? bytes, string? option)
    {
        var mounts = JsonNode.Parse(OciBundle.ConfigJson(Specs.Native with { TmpfsBytes = bytes }, Specs.Places(unified: true)))!["mounts"]!.AsArray();
        var tmp = mounts.SingleOrDefault(m => (string?)m!["destination"] == "/tmp");
        Assert.Equal(option, tmp?["options"]!.AsArray().Select(o => (string?)o).LastOrDefault());
    }

    [Fact]
    public void A_number_of_threads_beyond_the_kernels_is_no_limit()
    {
        Assert.Contains(KeyValuePair.Create("pids.max", "4194304"), ZoneLimits.CgroupFiles(Specs.Lx with { MaxLwps = 4_194_304 }));
        Assert.Contains(KeyValuePair.Create("pids.max", "max"), ZoneLimits.CgroupFiles(Specs.Lx with { MaxLwps = 4_194_305 }));
        Assert.Contains(KeyValuePair.Create("cpu.max", "2147483647000 100000"), ZoneLimits.CgroupFiles(Specs.Lx with { CpuCap = int.MaxValue }));
    }

    [Fact]
    public void A_mount_of_an_unknown_type_is_refused()
    {
        var zone = Specs.Lx with { Mounts = [new ZoneMount("a", "/b", "nfs", [])] };
        Assert.Equal("ZoneCannotBoot",
            Assert.Throws<LumosException>(() => OciBundle.ConfigJson(zone, Specs.Places(true))).Code);
    }

    [Fact]
    public void Filters_hold_for_32_bit_programs_too()
    {
        var architectures = SecurityProfile.SystemCallFilter()["architectures"]!.AsArray().Select(n => n!.GetValue<string>());
        Assert.Contains("SCMP_ARCH_X86", architectures);
        Assert.Contains("SCMP_ARCH_X32", architectures);
    }

    private static void Golden(string name, string actual)
    {
        string folder = Environment.GetEnvironmentVariable("LUMOS_UPDATE_GOLDEN") ?? Path.Combine(AppContext.BaseDirectory, "Golden");
        string file = Path.Combine(folder, name);
        if (folder != Path.Combine(AppContext.BaseDirectory, "Golden"))
        {
            File.WriteAllText(file, actual);
        }
        Assert.NotNull(JsonNode.Parse(actual));
        Assert.Equal(File.ReadAllText(file), actual);
    }
}
