using Lumos.Core;
using Lumos.Node.Disks;
using Xunit;

namespace Lumos.Node.Tests;

/// <summary>Layouts are written as PROFILE WIDTHxVDEVS+SPARES: "raidz2 8x2+1" is two raidz2 stripes of eight and a spare.</summary>
public class LayoutRulesTests
{
    private const long GB = 1_000_000_000;

    [Theory]
    [InlineData(1, "single 1x1+0")]
    [InlineData(2, "mirror 2x1+0")]
    [InlineData(3, "raidz 3x1+0")]
    [InlineData(4, "raidz 4x1+0")]
    [InlineData(5, "raidz2 5x1+0")]
    [InlineData(6, "raidz2 6x1+0")]
    [InlineData(7, "mirror 2x3+1")]
    [InlineData(8, "mirror 2x3+2")]
    [InlineData(9, "mirror 2x4+1")]
    [InlineData(10, "mirror 2x4+2")]
    [InlineData(11, "mirror 2x5+1")]
    [InlineData(12, "mirror 2x5+2")]
    [InlineData(13, "mirror 2x6+1")]
    [InlineData(14, "mirror 2x6+2")]
    [InlineData(15, "mirror 2x7+1")]
    [InlineData(16, "mirror 2x7+2")]
    [InlineData(17, "raidz2 8x2+1")]
    [InlineData(18, "raidz2 8x2+2")]
    [InlineData(19, "raidz2 9x2+1")]
    [InlineData(20, "raidz2 9x2+2")]
    public void Hard_disks_below_1500_GB(int count, string expected) =>
        Assert.Equal(expected, Describe(LayoutRules.Compute(Hdds(count, 500), new LayoutWishes())));

    [Theory]
    [InlineData(1, "single 1x1+0")]
    [InlineData(2, "mirror 2x1+0")]
    [InlineData(4, "raidz 4x1+0")]
    [InlineData(5, "raidz 5x1+0")]
    [InlineData(6, "raidz 3x2+0")]
    [InlineData(7, "raidz2 7x1+0")]
    [InlineData(11, "raidz2 11x1+0")]
    [InlineData(12, "mirror 2x5+2")]
    [InlineData(16, "mirror 2x7+2")]
    [InlineData(17, "raidz2 8x2+1")]
    public void Solid_state_disks(int count, string expected) =>
        Assert.Equal(expected, Describe(LayoutRules.Compute(Ssds(count, 480), new LayoutWishes())));

    [Theory]
    [InlineData(6, "raidz2 6x1+0")]
    [InlineData(7, "mirror 2x3+1")]
    [InlineData(8, "raidz2 8x1+0")]
    [InlineData(11, "raidz2 11x1+0")]
    [InlineData(12, "raidz2 11x1+1")]
    [InlineData(13, "raidz2 12x1+1")]
    [InlineData(14, "raidz2 12x1+2")]
    [InlineData(15, "raidz2 7x2+1")]
    [InlineData(16, "raidz2 7x2+2")]
    public void Hard_disks_above_1500_GB(int count, string expected) =>
        Assert.Equal(expected, Describe(LayoutRules.Compute(Hdds(count, 4000), new LayoutWishes())));

    [Theory]
    [InlineData(8, "raidz1", null, null, "raidz 3x2+2")]
    [InlineData(9, "raidz1", null, null, "raidz 4x2+1")]
    [InlineData(8, "raidz3", null, null, "raidz3 8x1+0")]
    [InlineData(16, "raidz3", null, null, "raidz3 15x1+1")]
    [InlineData(6, "single", null, null, "single 1x1+0")]
    [InlineData(10, null, 0, null, "mirror 2x5+0")]
    [InlineData(9, null, 0, null, "raidz2 9x1+0")]
    [InlineData(15, null, 0, null, "raidz 3x5+0")]
    [InlineData(13, null, 0, null, "raidz3 13x1+0")]
    [InlineData(6, null, 1, null, "raidz 5x1+1")]
    [InlineData(12, null, null, 4, "raidz 4x3+0")]
    [InlineData(12, null, null, 8, "raidz2 8x1+4")]
    [InlineData(9, "mirror", null, 3, "mirror 3x3+0")]
    [InlineData(10, "mirror", 1, 3, "mirror 3x3+1")]
    public void What_the_operator_fixes_is_kept(int count, string? profile, int? spares, int? width, string expected) =>
        Assert.Equal(expected, Describe(LayoutRules.Compute(Hdds(count, 500), new LayoutWishes(profile, spares, width))));

    [Theory]
    [InlineData(0, null, null, null, "no primary storage disks available")]
    [InlineData(3, null, 2, null, "too many spares (2) for this disk configuration")]
    [InlineData(18, null, 1, null, "invalid number of spares (1) for this disk configuration")]
    [InlineData(3, "raidz2", null, null, "no acceptable raidz2 layout is possible with 3 disks")]
    [InlineData(1, "mirror", null, null, "at least 2 disks are required for mirroring")]
    [InlineData(4, "single", 1, null, "spares are not allowed for a single disk pool")]
    [InlineData(8, "raidz1", 1, null, "no acceptable raidz layout is possible with 8 disks and 1 spare")]
    [InlineData(8, "raidz1", null, 2, "2 is an invalid width for raidz and 8 disks (min: 3, default max: 6)")]
    [InlineData(5, "mirror", 0, null, "no acceptable mirror layout is possible with 5 disks and 0 spares")]
    [InlineData(4, "raid5", null, null, "unknown layout raid5; supported layouts are single, mirror, raidz1, raidz2, raidz3")]
    public void What_cannot_be_is_refused_with_the_reason(int count, string? profile, int? spares, int? width, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<LumosException>(
            () => LayoutRules.Compute(Hdds(count, 500), new LayoutWishes(profile, spares, width))).Message);

    [Fact]
    public void A_few_small_ssds_beside_hard_disks_log_and_many_cache()
    {
        var few = LayoutRules.Compute([.. Hdds(4, 2000), .. Ssds(2, 100)], new LayoutWishes());
        Assert.Equal(("raidz 4x1+0", 2, 0), (Describe(few), few.Logs.Count, few.Cache.Count));

        var many = LayoutRules.Compute([.. Hdds(4, 2000), .. Ssds(5, 100)], new LayoutWishes());
        Assert.Equal((0, 5), (many.Logs.Count, many.Cache.Count));

        var both = LayoutRules.Compute([.. Hdds(4, 2000), .. Ssds(2, 100), .. Ssds(3, 800, "big")], new LayoutWishes());
        Assert.Equal((2, 3), (both.Logs.Count, both.Cache.Count));
        Assert.All(both.Logs, d => Assert.Equal(100 * GB, d.Size));
    }

    [Fact]
    public void Without_cache_devices_the_rest_stays_unused()
    {
        var layout = LayoutRules.Compute([.. Hdds(4, 2000), .. Ssds(6, 100)], new LayoutWishes(UseCache: false));
        Assert.Empty(layout.Cache);
        Assert.Equal(4, layout.Disks.Count());
    }

    [Fact]
    public void Of_hard_disks_of_two_sizes_the_larger_store_and_the_smaller_cache()
    {
        var layout = LayoutRules.Compute([.. Hdds(3, 500), .. Hdds(4, 2000, "big")], new LayoutWishes());
        Assert.All(layout.Vdevs[0].Devices, d => Assert.StartsWith("big", d.Name, StringComparison.Ordinal));
        Assert.Equal(3, layout.Cache.Count);
    }

    [Fact]
    public void Of_ssds_of_two_sizes_the_larger_store_and_a_small_one_logs()
    {
        var layout = LayoutRules.Compute([.. Ssds(4, 960, "big"), .. Ssds(1, 120)], new LayoutWishes());
        Assert.Equal(("raidz 4x1+0", 1), (Describe(layout), layout.Logs.Count));
    }

    [Fact]
    public void Sizes_within_5_percent_on_any_bus_are_one_group_and_the_largest_is_the_spare()
    {
        var disks = Hdds(6, 500);
        disks.Add(new Disk("odd", "SATA", "", "", 515 * GB, false, false));
        var layout = LayoutRules.Compute(disks, new LayoutWishes());
        Assert.Equal("mirror 2x3+1", Describe(layout));
        Assert.Equal("odd", layout.Spares[0].Name);
    }

    [Fact]
    public void Removable_and_tiny_disks_are_not_used()
    {
        var disks = Hdds(2, 500);
        disks.Add(new Disk("usb", "USB", "", "", 500 * GB, true, false));
        disks.Add(new Disk("tiny", "SCSI", "", "", 300_000_000, false, false));
        Assert.Equal("mirror 2x1+0", Describe(LayoutRules.Compute(disks, new LayoutWishes())));
    }

    [Fact]
    public void Capacity_counts_the_data_disks_of_each_stripe_by_its_smallest()
    {
        Assert.Equal(1500 * GB, LayoutRules.Compute(Hdds(4, 500), new LayoutWishes()).Capacity);
        Assert.Equal(1500 * GB, LayoutRules.Compute(Hdds(8, 500), new LayoutWishes()).Capacity);
    }

    [Fact]
    public void Four_virtual_disks_of_8_GiB_become_the_words_of_zpool()
    {
        var disks = "abcd".Select(c => new Disk($"vd{c}", "VIRTIO", "", "", 8L << 30, false, false)).ToList();
        Assert.Equal(["raidz", "/dev/vda", "/dev/vdb", "/dev/vdc", "/dev/vdd"], LayoutRules.Compute(disks, new LayoutWishes()).ZpoolWords());
    }

    [Fact]
    public void A_layout_survives_its_json()
    {
        var layout = LayoutRules.Compute([.. Hdds(7, 500), .. Ssds(2, 100), .. Ssds(1, 800, "big")], new LayoutWishes());
        var read = PoolLayoutJson.Read(PoolLayoutJson.Write(layout), "layout.json");
        Assert.Equal(layout.ZpoolWords(), read.ZpoolWords());
        Assert.Equal(layout.Capacity, read.Capacity);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"error\":\"no\"}")]
    [InlineData("{\"vdevs\":[{\"type\":\"raid5\",\"devices\":[{\"name\":\"sda\"}]}]}")]
    [InlineData("{\"vdevs\":[{\"type\":\"mirror\",\"devices\":[{}]}]}")]
    [InlineData("{\"vdevs\":7}")]
    public void A_file_that_is_no_layout_is_named(string text)
    {
        var error = Assert.Throws<LumosException>(() => PoolLayoutJson.Read(text, "layout.json"));
        Assert.Equal("BadLayout", error.Code);
        Assert.Contains("layout.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_output_of_diskinfo_is_read_back()
    {
        var disks = Ssds(2, 100);
        string text = string.Concat(disks.Select(d => string.Join('\t', DiskInfoText.Words(d)) + "\n"));
        Assert.Equal(disks.Select(d => (d.Name, d.Size, d.SolidState)), DiskInfoText.Parse(text, "f").Select(d => (d.Name, d.Size, d.SolidState)));
        Assert.Contains("f line 1", Assert.Throws<LumosException>(() => DiskInfoText.Parse("nonsense", "f")).Message, StringComparison.Ordinal);
    }

    private static string Describe(PoolLayout layout) =>
        $"{layout.Vdevs[0].Type ?? "single"} {layout.Vdevs[0].Devices.Count}x{layout.Vdevs.Count}+{layout.Spares.Count}";

    private static List<Disk> Hdds(int count, long gigabytes, string name = "hd") =>
        [.. Enumerable.Range(0, count).Select(i => new Disk($"{name}{i:00}", "SCSI", "ACME", "Rust", gigabytes * GB, false, false))];

    private static List<Disk> Ssds(int count, long gigabytes, string name = "ssd") =>
        [.. Enumerable.Range(0, count).Select(i => new Disk($"{name}{i:00}", "SATA", "ACME", "Flash", gigabytes * GB, false, true))];
}
