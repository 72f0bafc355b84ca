using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Node.FirstBoot;
using Xunit;

namespace Lumos.Node.Tests;

public class FirstBootTests
{
    private const string Json =
        """{ "admin_ip": "dhcp", "root_password": "secret", "hostname": "node-1", "root_authorized_keys": "ssh-ed25519 AAAA me" }""";

    private static readonly string Answers = "answers=" + Convert.ToBase64String(Encoding.UTF8.GetBytes(Json));

    [Fact]
    public void The_plan_reads_as_it_should() =>
        Assert.Equal("""
            make pool zones: raidz /dev/vda /dev/vdb /dev/vdc /dev/vdd
            make zones/config
            make zones/usbkey
            make zones/opt
            make zones/var
            make zones/cores
            make zones/cores/global
            store the machine's UUID
            make zones/swap
            mount zones/usbkey
            write /usbkey/shadow
            make ssh host keys in /usbkey/ssh
            write /usbkey/config.inc/authorized_keys
            write /usbkey/config
            mark pool zones as the system's
            """.ReplaceLineEndings("\n"), string.Join('\n', SetupPlan.Make(InterviewTests.Conduct(Json).Spec!).Select(s => s.Name)));

    [Fact]
    public void A_bare_machine_is_set_up_and_mounted_without_a_reboot()
    {
        using var machine = new FakeMachine();
        Assert.Equal(0, machine.FileSystems());
        Assert.Equal(0, machine.FirstBoot(Answers));
        AssertSetUp(machine);
        Assert.Equal("LumOS system pool", Assert.Single(machine.List()).Comment);
    }

    [Fact]
    public void The_next_boot_finds_it_and_sets_nothing_up_again()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        machine.FirstBoot(Answers);
        string key = machine.Read("usbkey/ssh/ssh_host_ed25519_key");
        machine.Boot();
        machine.Log.Clear();
        Assert.Equal(0, machine.FileSystems());
        Assert.Equal(0, machine.FirstBoot(Answers));
        AssertSetUp(machine);
        Assert.Equal(key, machine.Read("etc/ssh/ssh_host_ed25519_key"));
        Assert.DoesNotContain(machine.Log, o => o.StartsWith("zpool", StringComparison.Ordinal) || o.StartsWith("create", StringComparison.Ordinal));
    }

    [Fact]
    public void The_records_of_VMs_have_room_of_their_own_on_a_pool_that_was_made_without_too()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        machine.FirstBoot(Answers);
        var config = DatasetName.Parse("zones/config");
        Assert.Equal($"{64L << 20}", machine.Datasets.GetProperties(config, "refreservation")["refreservation"]);
        foreach (var (found, then) in (ReadOnlySpan<(string, string)>)[("none", $"{64L << 20}"), ("1048576", "1048576")])
        {
            machine.Datasets.SetProperties(config, new Dictionary<string, string> { ["refreservation"] = found });
            machine.Boot();
            Assert.Equal(0, machine.FileSystems());
            Assert.Equal(then, machine.Datasets.GetProperties(config, "refreservation")["refreservation"]);
        }
    }

    [Fact]
    public void A_power_cut_at_any_moment_leaves_a_machine_that_the_next_boot_sets_up()
    {
        int cuts = 0;
        for (int at = 1; ; at++)
        {
            using var machine = new FakeMachine { PowerCutAt = at };
            try
            {
                machine.FileSystems();
                machine.FirstBoot(Answers);
                break;
            }
            catch (PowerCutException)
            {
                cuts++;
            }
            machine.PowerCutAt = int.MaxValue;
            machine.Boot();
            Assert.True(machine.FileSystems() == 0 && machine.FirstBoot(Answers) == 0, $"cut before operation {at}: {machine.Notes}");
            AssertSetUp(machine);
        }
        Assert.True(cuts > 20, $"only {cuts} moments were tried");
    }

    [Fact]
    public void A_step_that_fails_is_named_and_the_pool_is_taken_back()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        machine.Datasets.OnOperation = (operation, name) =>
        {
            if (operation == "create" && name == "zones/var")
            {
                throw DatasetException.Failed(name, "create", new IOException("no space"));
            }
        };
        var error = Assert.Throws<Core.LumosException>(() => machine.FirstBoot(Answers));
        Assert.Equal("SetupFailed", error.Code);
        Assert.Contains("make zones/var", error.Message, StringComparison.Ordinal);
        Assert.Empty(machine.List());
        machine.Datasets.OnOperation = null;
        Assert.Equal(0, machine.FirstBoot(Answers));
    }

    [Fact]
    public void A_wrong_answer_changes_nothing_and_root_can_log_in()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        string wrong = Convert.ToBase64String("""{ "admin_ip": "x", "root_password": "y", "zpool_layout": "raid5" }"""u8.ToArray());
        Assert.Equal(96, machine.FirstBoot("answers=" + wrong));
        Assert.Empty(machine.List());
        Assert.Contains("admin_ip", machine.Notes.ToString(), StringComparison.Ordinal);
        Assert.Contains("zpool_layout", machine.Notes.ToString(), StringComparison.Ordinal);
        Assert.Contains("root:hash-of-root:", machine.Read("etc/shadow"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_of_somebody_else_is_never_touched()
    {
        using var machine = new FakeMachine();
        machine.PutPool("tank", "-");
        Assert.Equal(0, machine.FileSystems());
        Assert.Equal(95, Result(() => machine.FirstBoot(Answers)));
        Assert.DoesNotContain(machine.Log, o => o.StartsWith("zpool destroy tank", StringComparison.Ordinal));
        Assert.Equal("tank", Assert.Single(machine.List()).Name);

        static int Result(Func<int> run)
        {
            try
            {
                return run();
            }
            catch (Core.LumosException)
            {
                return 95;
            }
        }
    }

    [Fact]
    public void With_noimport_nothing_is_looked_at()
    {
        using var machine = new FakeMachine();
        Assert.Equal(0, machine.FileSystems("noimport=true"));
        Assert.Equal(0, machine.FirstBoot("noimport=true " + Answers));
        Assert.Empty(machine.Log);
        Assert.Contains("build-hash", machine.Read("etc/shadow"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_that_does_not_come_in_stops_the_boot_step_before_a_new_one_could_be_made()
    {
        using var machine = new FakeMachine();
        machine.PutPool("zones", "-");
        machine.BrokenPool = "zones";
        Assert.Equal(95, machine.FileSystems());
        Assert.Contains("pool zones cannot be imported", machine.Notes.ToString(), StringComparison.Ordinal);
        Assert.Contains("svcadm clear", machine.Notes.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_pool_that_does_not_come_in_does_not_keep_the_system_away()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        machine.FirstBoot(Answers);
        machine.Boot();
        machine.PutPool("tank", "-");
        machine.BrokenPool = "tank";
        Assert.Equal(0, machine.FileSystems());
        AssertSetUp(machine);
    }

    [Fact]
    public void Var_gets_what_a_new_platform_brings_and_keeps_what_was_deleted_away()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        machine.FirstBoot(Answers);
        Assert.Equal("before\n", machine.Read("var/svc/log/early.log"));
        Directory.Delete(machine.At("var/lib"), recursive: true);
        Directory.CreateDirectory(machine.At("var/lib"));
        machine.Boot();
        Directory.CreateDirectory(machine.At("var.image/lib/new"));
        File.WriteAllText(machine.At("var.image/file"), "");
        machine.FileSystems();
        Assert.True(Directory.Exists(machine.At("var/lib/new")));
        Assert.False(File.Exists(machine.At("var/file")));
        Assert.Equal("before\nbefore\n", machine.Read("var/svc/log/early.log"));
    }

    [Fact]
    public void Root_shadow_and_new_accounts_go_into_the_persistent_shadow()
    {
        using var machine = new FakeMachine();
        machine.FileSystems();
        machine.FirstBoot(Answers);
        machine.Boot();
        File.AppendAllText(machine.At("etc/shadow"), "newcomer:!:1::::::\n");
        machine.FileSystems("root_shadow=$6$abc");
        Assert.Contains("root:$6$abc:", machine.Read("usbkey/shadow"), StringComparison.Ordinal);
        Assert.Contains("newcomer:!:", machine.Read("usbkey/shadow"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2048, 100_000, 2048)]
    [InlineData(2048, 8_000, 2000)]
    [InlineData(65_536, 16_000, 4000)]
    [InlineData(2048, 400, 0)]
    public void Swap_is_memory_sized_but_a_quarter_of_the_room_at_most(long memory, long available, long expected) =>
        Assert.Equal(expected << 20, SetupPlan.SwapSize(memory << 20, available << 20));

    private static void AssertSetUp(FakeMachine machine)
    {
        Assert.Contains("admin_ip=dhcp", machine.Read("usbkey/config"), StringComparison.Ordinal);
        Assert.Equal("ssh-ed25519 AAAA me\n", machine.Read("usbkey/config.inc/authorized_keys"));
        Assert.StartsWith("root:hash-of-secret:", machine.Read("usbkey/shadow"), StringComparison.Ordinal);
        Assert.Contains("sshd:!", machine.Read("usbkey/shadow"), StringComparison.Ordinal);
        Assert.True(File.Exists(machine.At("zones/.system_pool")));
        Assert.True(File.Exists(machine.At("etc/ssh/sshd_config")));
        foreach (string path in (string[])["var", "opt", "usbkey", "etc/zones", "etc/ssh", "etc/shadow"])
        {
            Assert.True(machine.IsMountPoint(machine.At(path)), $"{path} is not mounted: {machine.Notes}");
        }
        Assert.True(Directory.Exists(machine.At("var/lib")));
        var properties = machine.Datasets.GetProperties(DatasetName.Parse("zones/var"), "org.smartos:server_uuid");
        Assert.Equal("11111111-2222-3333-4444-555555555555", properties["org.smartos:server_uuid"]);
        Assert.Contains(machine.Log, o => o == "swapon /dev/zvol/zones/swap");
    }
}
