using Lumos.Core.Boot;
using Lumos.Drivers.Pools;
using Lumos.Node.Disks;
using Lumos.Node.FileSystems;
using Lumos.Node.Information;
using Lumos.Node.Settings;
using Xunit;

namespace Lumos.Node.Tests;

public class TextTests
{
    [Fact]
    public void Shadow_keeps_other_accounts_and_other_fields()
    {
        string text = "root:old:1:2:3:4:::\nsshd:!:1::::::\n";
        Assert.Equal("root:new:20000:2:3:4:::\nsshd:!:1::::::\n", ShadowFile.WithHash(text, "root", "new", 20000));
        Assert.Equal(text, ShadowFile.WithHash(text, "root", "old", 20000));
        Assert.StartsWith("root:h:20000:0:99999:7:::\n", ShadowFile.WithHash("sshd:!:1::::::\n", "root", "h", 20000), StringComparison.Ordinal);
    }

    [Fact]
    public void Merging_shadows_adds_only_what_is_missing() =>
        Assert.Equal("root:mine:1::::::\na:!:1::::::\nb:!:1::::::\n", ShadowFile.Merge("root:mine:1::::::\na:!:1::::::", "root:theirs:1::::::\nb:!:1::::::\n"));

    [Theory]
    [InlineData("$6$abc", true)]
    [InlineData("a:b", false)]
    [InlineData("a\nroot", false)]
    [InlineData("", false)]
    public void A_hash_cannot_break_out_of_its_field(string text, bool fits) => Assert.Equal(fits, ShadowFile.IsHash(text));

    [Fact]
    public void Chrony_gets_our_servers_in_place_of_the_distributions() =>
        Assert.Equal(
            "server a iburst\nserver b iburst\ndriftfile /var/lib/chrony/chrony.drift\n",
            ChronyConfig.WithServers("pool 2.debian.pool.ntp.org iburst\nsourcedir /run/chrony-dhcp\ndriftfile /var/lib/chrony/chrony.drift\n", ["a", "b"]));

    [Theory]
    [InlineData("564D1234-0000-1111-2222-333344445555", "564d1234-0000-1111-2222-333344445555")]
    [InlineData("00000000-0000-0000-0000-000000000000", null)]
    [InlineData("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", null)]
    [InlineData("03000200-0400-0500-0006-000700080009", null)]
    [InlineData("Not Settable", null)]
    public void The_hardwares_uuid_counts_only_when_it_is_one(string text, string? expected) =>
        Assert.Equal(expected, ServerUuid.FromHardware(text));

    [Fact]
    public void Processors_are_counted_as_sockets_cores_and_threads()
    {
        string one = "processor\t: {0}\nmodel name\t: Example CPU\nphysical id\t: {1}\ncore id\t\t: {2}\nflags\t\t: fpu vmx\n\n";
        string text = string.Concat(
            from socket in Enumerable.Range(0, 2)
            from core in Enumerable.Range(0, 2)
            from thread in Enumerable.Range(0, 2)
            select one.Replace("{0}", $"{(socket * 4) + (core * 2) + thread}").Replace("{1}", $"{socket}").Replace("{2}", $"{core}"));
        Assert.Equal(new CpuFacts("Example CPU", "vmx", 2, 4, 8), CpuFacts.Parse(text));
    }

    [Fact]
    public void Sysinfo_has_smartos_fields_and_their_odd_types()
    {
        var facts = new SystemFacts
        {
            Uuid = "u", Hostname = "h", Cpu = new CpuFacts("c", "none", 1, 2, 4), Memory = 2L << 30, BootTime = 5,
            Pool = new PoolSummary("zones", false, ["vda", "vdb"], "mirror", 7, 40L << 30),
            Disks = new Dictionary<string, long> { ["vda"] = 8_000_000_000 },
            Links = [new LinkFacts("eth0", "52:54:00:00:00:01", "10.0.2.15", true, true, ["admin"])],
            AdminIp = "10.0.2.15",
            BootParameters = [new("a", "1"), new("a", "2")],
        };
        var json = facts.ToJson();
        Assert.Equal("\"2048\"", json["MiB of Memory"]!.ToJsonString());
        Assert.Equal("1", json["CPU Physical Cores"]!.ToJsonString());
        Assert.Equal("4", json["CPU Total Cores"]!.ToJsonString());
        Assert.Equal("vda,vdb", json["Zpool Disks"]!.GetValue<string>());
        Assert.Equal("40", json["Zpool Size in GiB"]!.ToJsonString());
        Assert.Equal("""{"MAC Address":"52:54:00:00:00:01","ip4addr":"10.0.2.15","Link Status":"up","NIC Names":["admin"]}""",
            json["Network Interfaces"]!["eth0"]!.ToJsonString());
        Assert.Equal("2", json["Boot Parameters"]!["a"]!.GetValue<string>());
        Assert.False(json["Hosted"]!.GetValue<bool>());
        var hosted = (facts with { IsHosted = true, StorageBackend = "btrfs" }).ToJson();
        Assert.True(hosted["Hosted"]!.GetValue<bool>());
        Assert.Equal("btrfs", hosted["Storage Backend"]!.GetValue<string>());
        string lines = SystemFacts.ToParsable(json);
        Assert.Contains("MiB_of_Memory='2048'\n", lines, StringComparison.Ordinal);
        Assert.Contains("Disks_vda_Size_in_GB='8'\n", lines, StringComparison.Ordinal);
        Assert.Contains("Network_Interfaces_eth0_NIC_Names='admin'\n", lines, StringComparison.Ordinal);
        Assert.Contains("VM_Capable='false'\n", lines, StringComparison.Ordinal);
    }

    [Fact]
    public void Passwords_of_boot_arguments_are_not_told() =>
        Assert.Equal(["console", "noimport"],
            SystemFacts.WithoutSecrets(BootArguments.Parse("console=ttyS0 answers=eyJyb290Ijo= root_shadow=$6$a$b noimport=true")).Select(p => p.Key));

    [Fact]
    public void Zpool_status_gives_profile_and_paths()
    {
        string json = """
            {"output_version":{"command":"zpool status"},"pools":{"zones":{"name":"zones","state":"ONLINE","vdevs":{"zones":{"name":"zones",
            "vdev_type":"root","vdevs":{"raidz1-0":{"name":"raidz1-0","vdev_type":"raidz","vdevs":{
            "vda":{"name":"vda","vdev_type":"disk","path":"/dev/vda1"},"vdb":{"name":"vdb","vdev_type":"disk","path":"/dev/vdb1"}}}}}},
            "logs":{"vdc":{"name":"vdc","vdev_type":"disk","path":"/dev/vdc1"}}}}}
            """;
        var devices = Zpool.ParseStatus(json, "zones");
        Assert.Equal("raidz1", devices.Profile);
        Assert.Equal(["/dev/vda1", "/dev/vdb1", "/dev/vdc1"], devices.Paths);
        Assert.Equal("PoolNotFound", Assert.Throws<Core.LumosException>(() => Zpool.ParseStatus("{\"pools\":{}}", "zones")).Code);
    }

    [Fact]
    public void The_machines_own_disks_can_be_read()
    {
        foreach (var disk in new DiskInventory().All())
        {
            Assert.True(disk.Size > 0);
            Assert.DoesNotContain("loop", disk.Name, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_password_matches_its_hash_and_no_other()
    {
        string hash = Linux.Accounts.PasswordHash.Make("secret");
        Assert.StartsWith("$y$", hash, StringComparison.Ordinal);
        Assert.True(Linux.Accounts.PasswordHash.Matches("secret", hash));
        Assert.False(Linux.Accounts.PasswordHash.Matches("Secret", hash));
        Assert.NotEqual(hash, Linux.Accounts.PasswordHash.Make("secret"));
    }
}
